import { Buffer } from 'node:buffer';
import type { NativeBase64 } from './base64.default.ts';

/** Node's own Base64. */
export const native: NativeBase64 = {
  encode: (bytes) => view(bytes).toString('base64'),
  decode(text, digits) {
    // Node also accepts the URL alphabet, and may read only the low byte of characters beyond ASCII.
    if (text.includes('-') || text.includes('_') || Buffer.byteLength(text) !== text.length) {
      return undefined;
    }
    // A new array of the exact size, because a Buffer shares its pool with unrelated data.
    const bytes = new Uint8Array(Math.floor((digits * 3) / 4));
    // Node skips other characters outside the alphabet, which leaves too few bytes.
    return view(bytes).write(text, 'base64') === bytes.length ? bytes : undefined;
  },
};

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
