import { checkStoreKey, type StoreKey } from '@dimp/core';
import { ProtocolError, utf8Decode, utf8Encode } from '@dimp/foundation';

/** First bytes in UTF-8 of U+E000 to U+FFFF, and what is added to them: in UTF-16 they come after all surrogates. */
const HIGH = [0xee, 0xef] as const;
const SHIFT = 0x10;

/**
 * Encodes a path as a database key, so that the byte order of keys is the order of paths: the parts in UTF-8, each
 * followed by NUL, with U+E000 to U+FFFF moved after the characters that UTF-16 writes with surrogates.
 *
 * @throws the errors of `checkStoreKey`
 */
export function encodeKey(key: StoreKey): Uint8Array {
  const bytes = new Uint8Array(checkStoreKey(key));
  writeKey(key, bytes);
  return bytes;
}

/**
 * Does {@link encodeKey} in existing memory.
 *
 * @param target - zeros, as many as `checkStoreKey` returns
 */
export function writeKey(key: StoreKey, target: Uint8Array): void {
  // Nearly all keys are ASCII, for which a loop is faster than an encoder.
  if (isAscii(key, target.length)) writeAscii(key, target);
  else writeUtf8(key, target);
}

/** Range of the keys below a path: its first key, and the first key after it. The root has no end. */
export function keyRange(prefix: StoreKey): {
  readonly start: Uint8Array;
  readonly end?: Uint8Array;
} {
  const bytes = prefix.length === 0 ? new Uint8Array(0) : encodeKey(prefix);
  const start = new Uint8Array(bytes.length + 1);
  start.set(bytes);
  if (bytes.length === 0) return { start };
  const end = bytes.slice();
  end[end.length - 1] = 1;
  return { start, end };
}

/**
 * Decodes a path from a database key.
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
    // Not UTF-8: reported below.
  }
  throw new ProtocolError('store/corrupt', 'a stored path cannot be read');
}

/** Whether the length in characters equals the length in bytes. */
function isAscii(key: StoreKey, bytes: number): boolean {
  let length = 0;
  for (const part of key) length += part.length + 1;
  return length === bytes;
}

function writeAscii(key: StoreKey, target: Uint8Array): void {
  let at = 0;
  for (const part of key) {
    for (let i = 0; i < part.length; i++) target[at++] = part.charCodeAt(i);
    // NUL: the memory is zero.
    at += 1;
  }
}

function writeUtf8(key: StoreKey, target: Uint8Array): void {
  target.set(utf8Encode(key.map((part) => `${part}\u0000`).join('')));
  for (let i = 0; i < target.length; i++) {
    const byte = target[i] as number;
    if (byte === HIGH[0] || byte === HIGH[1]) target[i] = byte + SHIFT;
  }
}
