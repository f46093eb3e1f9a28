import { ProtocolError } from '@dimp/foundation';
import type { StoreKey } from './store.ts';

/**
 * Maximum length of a path, in UTF-8 bytes plus one for each part. Every driver supports it, and two IDs of maximum length
 * fit.
 */
export const MAX_STORE_KEY_BYTES = 1920;
/** Maximum number of parts of a path. A wrapper may replace each part by a text of fixed length, and the result must fit. */
export const MAX_STORE_KEY_PARTS = 32;

/**
 * Checks a path, for all drivers. A part is any non-empty text without NUL that has a UTF-8 form.
 *
 * @returns its length in UTF-8 bytes plus one for each part
 * @throws `TypeError` for an empty path, an empty part or a part with NUL; `RangeError` for a path that is too long;
 *   `format/bytes` for a lone surrogate, because a text of a peer may have one
 */
export function checkStoreKey(key: StoreKey): number {
  if (key.length === 0) throw new TypeError('a path must have at least one part');
  if (key.length > MAX_STORE_KEY_PARTS)
    throw new RangeError(`a path must have at most ${MAX_STORE_KEY_PARTS} parts`);
  let bytes = 0;
  for (const part of key) {
    if (part === '') throw new TypeError('a part of a path must not be empty');
    // First, because counting the bytes of a very long text takes long.
    if (part.length > MAX_STORE_KEY_BYTES)
      throw new RangeError(`a path must have at most ${MAX_STORE_KEY_BYTES} bytes`);
    bytes += utf8Length(part) + 1;
  }
  if (bytes > MAX_STORE_KEY_BYTES)
    throw new RangeError(`a path must have at most ${MAX_STORE_KEY_BYTES} bytes`);
  return bytes;
}

/** {@link checkStoreKey} for the prefix of a list. The empty path means everything. */
export function checkStorePrefix(prefix: StoreKey): void {
  if (prefix.length > 0) checkStoreKey(prefix);
}

/** Compares paths in the order of stores: part by part, by UTF-16 code units; a path comes before its continuations. */
export function compareStoreKeys(a: StoreKey, b: StoreKey): number {
  for (let at = 0; at < a.length && at < b.length; at++) {
    const [left, right] = [a[at] as string, b[at] as string];
    if (left !== right) return left < right ? -1 : 1;
  }
  return a.length - b.length;
}

/** Returns the length in UTF-8 without encoding. */
function utf8Length(text: string): number {
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.codePointAt(i) as number;
    if (code === 0) throw new TypeError('a part of a path must not contain NUL');
    if (code >= 0xd800 && code <= 0xdfff) {
      throw new ProtocolError('format/bytes', 'a part of a path must not have a lone surrogate');
    }
    length += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    // Skips the low surrogate.
    if (code >= 0x10000) i += 1;
  }
  return length;
}
