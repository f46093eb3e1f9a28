import { native } from '#native/base64';
import { ProtocolError } from './error.ts';

/** Bytes to standard, padded, unbroken Base64: the only form that is ever emitted (spec §1.1). */
export function encodeBase64(bytes: Uint8Array): string {
  return native.encode(bytes);
}

/**
 * Base64 to bytes. White space and missing padding are accepted; every other foreign character is refused,
 * because skipping it would make signatures and hashes ambiguous (spec §1.1).
 *
 * @throws `format/bytes` for text that is no Base64.
 *
 * @example
 * ```ts
 * decodeBase64('aGVsbG8='); // the bytes of "hello"
 * ```
 */
export function decodeBase64(text: string): Uint8Array {
  const compact = WHITE_SPACE.test(text) ? text.replace(/[\t\n\f\r ]+/g, '') : text;
  if (!BASE64.test(compact)) throw new ProtocolError('format/bytes', 'text is no Base64');
  const padding = compact.endsWith('==') ? 2 : compact.endsWith('=') ? 1 : 0;
  const digits = compact.length - padding;
  if (digits % 4 === 1 || (padding > 0 && compact.length % 4 !== 0)) {
    throw new ProtocolError('format/bytes', 'text is no Base64');
  }
  return native.decode(compact, Math.floor((digits * 3) / 4));
}
const WHITE_SPACE = /[\t\n\f\r ]/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
