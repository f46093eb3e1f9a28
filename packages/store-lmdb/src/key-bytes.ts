import { checkStoreKey, checkStorePrefix, type StoreKey } from '@dimp/core';
import { ProtocolError, utf8Decode, utf8Encode } from '@dimp/foundation';

/** First byte of UTF-8 for U+E000 to U+FFFF, and what stands for it: UTF-16 has them behind all surrogates. */
const HIGH = [0xee, 0xef] as const;
const SHIFT = 0x10;

/**
 * A path as a key of the database, whose byte order is the order of paths: the parts in UTF-8, each ended by NUL, and
 * U+E000 to U+FFFF moved behind the characters that UTF-16 writes with surrogates.
 *
 * @throws as `checkStoreKey`
 */
export function encodeKey(key: StoreKey): Uint8Array {
  checkStoreKey(key);
  return bytesOf(key);
}

/** The first key below a path and the first behind all those; none behind everything. */
export function keyRange(prefix: StoreKey): {
  readonly start: Uint8Array;
  readonly end?: Uint8Array;
} {
  checkStorePrefix(prefix);
  const bytes = bytesOf(prefix);
  const start = new Uint8Array(bytes.length + 1);
  start.set(bytes);
  if (bytes.length === 0) return { start };
  const end = bytes.slice();
  end[end.length - 1] = 1;
  return { start, end };
}

/**
 * The path that a key was made of.
 *
 * @throws `store/corrupt`
 */
export function decodeKey(key: Uint8Array): StoreKey {
  const bytes = new Uint8Array(key);
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    if (byte === HIGH[0] + SHIFT || byte === HIGH[1] + SHIFT) bytes[i] = byte - SHIFT;
  }
  try {
    const parts = utf8Decode(bytes).split('\u0000');
    if (parts.pop() === '' && parts.length > 0) return parts;
  } catch {
    // Below.
  }
  throw new ProtocolError('store/corrupt', 'a stored path cannot be read');
}

function bytesOf(key: StoreKey): Uint8Array {
  return asciiBytesOf(key) ?? utf8BytesOf(key);
}

/** Nearly all keys are ASCII, for which a loop is faster than an encoder. */
function asciiBytesOf(key: StoreKey): Uint8Array | undefined {
  let length = 0;
  for (const part of key) length += part.length + 1;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of key) {
    for (let i = 0; i < part.length; i++) {
      const code = part.charCodeAt(i);
      if (code > 0x7f) return undefined;
      bytes[at++] = code;
    }
    // NUL, which is there already.
    at += 1;
  }
  return bytes;
}

function utf8BytesOf(key: StoreKey): Uint8Array {
  const bytes = utf8Encode(key.map((part) => `${part}\u0000`).join(''));
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    if (byte === HIGH[0] || byte === HIGH[1]) bytes[i] = byte + SHIFT;
  }
  return bytes;
}
