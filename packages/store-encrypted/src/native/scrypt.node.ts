import { scrypt } from 'node:crypto';
import type { NativeScrypt } from './scrypt.default.ts';

/** Scrypt of OpenSSL, in a thread of its own. */
export const native: NativeScrypt = (password, salt, { N, r, p }) =>
  new Promise((resolve, reject) => {
    const maxmem = 128 * N * r + 128 * r * (p + 2) + 1024 * 1024;
    scrypt(password, salt, 32, { N, r, p, maxmem }, (error, key) => {
      // The error is null in Node, undefined in Bun.
      if (error) reject(error);
      else resolve(new Uint8Array(key));
    });
  });
