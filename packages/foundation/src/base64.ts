import { native } from '#native/base64';
import { ProtocolError } from './error.ts';

/** Encodes bytes as standard Base64 with padding and without line breaks, the only form that is written (spec §1.1). */
export function encodeBase64(bytes: Uint8Array): string {
  return native.encode(bytes);
}

/** Encodes bytes as Base64url without padding (RFC 4648 §5), for names inside JSON and URLs. */
export function encodeBase64Url(bytes: Uint8Array): string {
  return encodeBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/**
 * Decodes Base64. Accepts white space and missing padding. Refuses any other character outside the alphabet,
 * because skipping it would make signatures and hashes ambiguous (spec §1.1).
 *
 * @throws `format/bytes` for text that is not Base64
 *
 * @example
 * ```ts
 * decodeBase64('aGVsbG8='); // the bytes of "hello"
 * ```
 */
export function decodeBase64(text: string): Uint8Array {
  // White space is rare, and searching every text for it would cost more than decoding.
  const bytes = decodeCompact(text) ?? decodeSpaced(text);
  if (bytes === undefined) throw new ProtocolError('format/bytes', 'text is not Base64');
  return bytes;
}

function decodeCompact(text: string): Uint8Array | undefined {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const digits = text.length - padding;
  if (digits % 4 === 1 || (padding > 0 && text.length % 4 !== 0)) return undefined;
  return native.decode(text, digits);
}

function decodeSpaced(text: string): Uint8Array | undefined {
  const compact = text.replace(WHITE_SPACE, '');
  return compact.length === text.length ? undefined : decodeCompact(compact);
}
const WHITE_SPACE = /[\t\n\f\r ]+/g;
