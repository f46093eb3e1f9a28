import { createCipheriv, createDecipheriv } from 'node:crypto';
import { concatBytes } from '@dimp/foundation';
import type { NativeAes } from './aes.default.ts';

/** OpenSSL. */
export const native: NativeAes = (key) => {
  const name = `aes-${key.length * 8}-cbc`;
  return {
    encrypt(plaintext, iv) {
      const cipher = createCipheriv(name, key, iv);
      return concatBytes(cipher.update(plaintext), cipher.final());
    },
    decryptBlocks(ciphertext, iv) {
      const decipher = createDecipheriv(name, key, iv).setAutoPadding(false);
      const blocks = decipher.update(ciphertext);
      decipher.final();
      return new Uint8Array(blocks.buffer, blocks.byteOffset, blocks.byteLength);
    },
  };
};
