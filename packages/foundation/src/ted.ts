import { decodeBase58 } from './base58.ts';
import { decodeBase64, encodeBase64 } from './base64.ts';
import { ProtocolError } from './error.ts';
import { decodeHex } from './hex.ts';
import { isJsonObject, type Json, ownMember } from './json.ts';
import { parseJson } from './json-gate.ts';

/** Transportable encoded data, a binary value in JSON (spec §1.4). */
export interface TransportableData {
  readonly bytes: Uint8Array;
  /** `base64`, `base58` or `hex`. */
  readonly algorithm: 'base64' | 'base58' | 'hex';
  /** Media type of a data URI, such as `image/png`. */
  readonly mime?: string;
}

/**
 * Reads a binary value in each form of spec §1.4: bare Base64, `ALG,TEXT`, `data:MIME;ALG,TEXT`, `{algorithm, data}`, and the
 * JSON text of that object.
 *
 * @returns undefined for null, an absent value and an empty text
 * @throws `format/bytes` for text that cannot be decoded; `unsupported/algorithm` for an unknown encoding;
 *   `format/field` for any other value
 */
export function parseTed(value: Json | undefined): TransportableData | undefined {
  if (value === null || value === undefined || value === '') return undefined;
  if (typeof value === 'string') return parseTedText(value);
  if (isJsonObject(value)) {
    const algorithm = ownMember(value, 'algorithm') ?? 'base64';
    const data = ownMember(value, 'data');
    if (typeof algorithm !== 'string' || (typeof data !== 'string' && data != null)) {
      throw new ProtocolError('format/field', 'members of encoded data must be texts');
    }
    return data ? decodeWith(algorithm, data) : undefined;
  }
  throw new ProtocolError('format/field', 'encoded data must be a text or a JSON object');
}

/** Returns the bytes of {@link parseTed}. */
export function decodeTed(value: Json | undefined): Uint8Array | undefined {
  return parseTed(value)?.bytes;
}

/** Encodes bytes as bare Base64, the form that peers of every generation read. */
export function encodeTed(bytes: Uint8Array): string {
  return encodeBase64(bytes);
}

/**
 * Encodes bytes as a data URI, which current peers accept for inline images (spec §1.4, interop rule).
 *
 * @param mime - media type such as `image/png`
 */
export function encodeDataUri(bytes: Uint8Array, mime: string): string {
  if (!/^[\w.+-]+\/[\w.+-]+$/.test(mime)) throw new RangeError('mime must be a media type');
  return `data:${mime};base64,${encodeBase64(bytes)}`;
}

function parseTedText(text: string): TransportableData | undefined {
  if (text.startsWith('{') && text.endsWith('}')) {
    const object = parseJson(text);
    return isJsonObject(object) ? parseTed(object) : undefined;
  }
  // A URL is not encoded data. The code below would split it at a comma, so it is refused as Base64 here.
  if (text.includes('://')) return decodeWith('base64', text);
  const comma = text.indexOf(',');
  if (comma < 0) return decodeWith('base64', text);
  const head = text.slice(text.slice(0, comma).indexOf(':') + 1, comma);
  const algorithm = head.slice(head.lastIndexOf(';') + 1);
  const mime = mimeOf(head.slice(0, Math.max(0, head.length - algorithm.length - 1)));
  const data = decodeWith(algorithm, text.slice(comma + 1));
  return mime === undefined ? data : { ...data, mime };
}

/** Returns the first parameter with a slash. Does not split the text, which may have a million parameters. */
function mimeOf(parameters: string): string | undefined {
  const slash = parameters.indexOf('/');
  if (slash < 0) return undefined;
  const end = parameters.indexOf(';', slash);
  const start = parameters.lastIndexOf(';', slash) + 1;
  return parameters.slice(start, end < 0 ? undefined : end);
}

function decodeWith(algorithm: string, text: string): TransportableData {
  switch (algorithm) {
    case 'base64':
      return { algorithm, bytes: decodeBase64(text) };
    case 'base58':
      return { algorithm, bytes: decodeBase58(text) };
    case 'hex':
      return { algorithm, bytes: decodeHex(text) };
    default:
      throw new ProtocolError('unsupported/algorithm', 'unknown encoding of binary data', {
        details: { algorithm: algorithm.slice(0, 32) },
      });
  }
}
