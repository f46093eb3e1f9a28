import { ProtocolError } from '@dimp/foundation';
import type { StoreKey } from './store.ts';

/**
 * Longest path, in UTF-8 bytes with one more for each part: what every driver can hold. Two of the longest IDs that are
 * read fit into it.
 */
export const MAX_STORE_KEY_BYTES = 1920;
/** Most parts of a path: a wrapper may replace each by something of fixed length, and still has to fit. */
export const MAX_STORE_KEY_PARTS = 32;

/**
 * Checks a path: the one rule for all drivers. A part is any text that has a UTF-8 form, is not empty and holds no NUL.
 *
 * @returns its length, in UTF-8 bytes with one more for each part
 * @throws `TypeError` for an empty path, an empty part or a part with NUL; `RangeError` for a path that is too long;
 *   `format/bytes` for a lone surrogate, because texts that come from a peer may hold one
 */
export function checkStoreKey(key: StoreKey): number {
  if (key.length === 0) throw new TypeError('a path must have at least one part');
  if (key.length > MAX_STORE_KEY_PARTS)
    throw new RangeError(`a path must have at most ${MAX_STORE_KEY_PARTS} parts`);
  let bytes = 0;
  for (const part of key) {
    if (part === '') throw new TypeError('a part of a path must not be empty');
    // Before the length is counted, which would take long for a very long text.
    if (part.length > MAX_STORE_KEY_BYTES)
      throw new RangeError(`a path must have at most ${MAX_STORE_KEY_BYTES} bytes`);
    bytes += utf8Length(part) + 1;
  }
  if (bytes > MAX_STORE_KEY_BYTES)
    throw new RangeError(`a path must have at most ${MAX_STORE_KEY_BYTES} bytes`);
  return bytes;
}

/** {@link checkStoreKey} for what a list may begin with: the empty path stands for everything. */
export function checkStorePrefix(prefix: StoreKey): void {
  if (prefix.length > 0) checkStoreKey(prefix);
}

/** Orders paths as stores list them: part by part, by UTF-16 code units; a path comes before those that go on from it. */
export function compareStoreKeys(a: StoreKey, b: StoreKey): number {
  for (let at = 0; at < a.length && at < b.length; at++) {
    const [left, right] = [a[at] as string, b[at] as string];
    if (left !== right) return left < right ? -1 : 1;
  }
  return a.length - b.length;
}

/** Length in UTF-8, without making the bytes. */
function utf8Length(text: string): number {
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.codePointAt(i) as number;
    if (code === 0) throw new TypeError('a part of a path must not contain NUL');
    if (code >= 0xd800 && code <= 0xdfff) {
      throw new ProtocolError('format/bytes', 'a part of a path must not have a lone surrogate');
    }
    length += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    // The other half of a pair.
    if (code >= 0x10000) i += 1;
  }
  return length;
}
