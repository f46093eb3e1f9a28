import { createCipheriv, createDecipheriv } from 'node:crypto';
import { concatBytes } from '@dimp/foundation';
import { type NativeAes, native as portable } from './aes.default.ts';

/** Uses OpenSSL; portable code for ciphers that a replacement of OpenSSL lacks, such as 192-bit keys in Deno. */
export const native: NativeAes = (key) => {
  const name = `aes-${key.length * 8}-cbc`;
  return {
    encrypt(plaintext, iv) {
      const cipher = ifKnown(() => createCipheriv(name, key, iv));
      if (cipher === undefined) return portable(key).encrypt(plaintext, iv);
      return concatBytes(cipher.update(plaintext), cipher.final());
    },
    decryptBlocks(ciphertext, iv) {
      const decipher = ifKnown(() => createDecipheriv(name, key, iv));
      if (decipher === undefined) return portable(key).decryptBlocks(ciphertext, iv);
      decipher.setAutoPadding(false);
      const blocks = decipher.update(ciphertext);
      decipher.final();
      return new Uint8Array(blocks.buffer, blocks.byteOffset, blocks.byteLength);
    },
  };
};

/** Keys and IVs have been checked, so the only possible error is that the platform lacks the cipher. */
function ifKnown<T>(create: () => T): T | undefined {
  try {
    return create();
  } catch {
    return undefined;
  }
}
