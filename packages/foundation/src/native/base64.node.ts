import { Buffer } from 'node:buffer';
import type { NativeBase64 } from './base64.default.ts';

/** Node's own Base64. */
export const native: NativeBase64 = {
  encode: (bytes) => view(bytes).toString('base64'),
  decode(text, digits) {
    // Node takes the URL alphabet as well, and of characters beyond ASCII it may look at the low byte only.
    if (text.includes('-') || text.includes('_') || Buffer.byteLength(text) !== text.length) {
      return undefined;
    }
    // A fresh array of exact size: a Buffer would share its pool with unrelated data.
    const bytes = new Uint8Array(Math.floor((digits * 3) / 4));
    // Every other foreign character is skipped, and then the bytes are fewer.
    return view(bytes).write(text, 'base64') === bytes.length ? bytes : undefined;
  },
};

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
