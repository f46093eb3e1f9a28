import { Buffer } from 'node:buffer';
import type { NativeBase64 } from './base64.default.ts';

/** Node's own Base64. */
export const native: NativeBase64 = {
  encode(bytes) {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  },
  decode(text, length) {
    // A fresh array of exact size: a Buffer would share its pool with unrelated data.
    const bytes = new Uint8Array(length);
    Buffer.from(bytes.buffer).write(text, 'base64');
    return bytes;
  },
};
