import { Buffer } from 'node:buffer';
import type { NativeBase64 } from './base64.default.ts';

/** Node's own Base64. Its decoder skips foreign characters, so what it made is encoded again and compared. */
export const native: NativeBase64 = {
  encode: (bytes) => view(bytes).toString('base64'),
  decode(text, digits) {
    // A fresh array of exact size: a Buffer would share its pool with unrelated data.
    const bytes = new Uint8Array(Math.floor((digits * 3) / 4));
    const buffer = view(bytes);
    if (buffer.write(text, 'base64') !== bytes.length) return undefined;
    const again = buffer.toString('base64');
    if (again === text) return bytes;
    // No padding, or unused bits in the last digit: these need not come back as they were.
    const whole = digits - (digits % 4);
    const same = again.slice(0, whole) === text.slice(0, whole);
    return same && DIGITS.test(text.slice(whole, digits)) ? bytes : undefined;
  },
};

const DIGITS = /^[A-Za-z0-9+/]*$/;

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
