import {
  decodeBase64,
  encodeBase64Url,
  equalBytes,
  fieldError,
  utf8Encode,
} from '@dimp/foundation';

/**
 * Reads Base64url of a known length, in its one canonical spelling: two spellings of one token must not count as two.
 *
 * @param length - bytes
 * @throws `format/field` for other characters, another length, or another spelling of the same bytes
 */
export function decodeBase64Url(text: string, length: number, field: string): Uint8Array {
  if (/^[A-Za-z0-9_-]+$/.test(text) && text.length === Math.ceil((length * 4) / 3)) {
    const bytes = decodeBase64(text.replaceAll('-', '+').replaceAll('_', '/'));
    if (encodeBase64Url(bytes) === text) return bytes;
  }
  throw fieldError(field, `must be Base64url of ${length} bytes`);
}

/** Whether a received text is the expected one, in a time that depends on its length only. */
export function equalText(expected: string, received: string): boolean {
  // Other characters may have no UTF-8 form.
  return (
    /^[A-Za-z0-9_-]+$/.test(received) && equalBytes(utf8Encode(expected), utf8Encode(received))
  );
}
