import { createCipheriv, createDecipheriv } from 'node:crypto';
import { concatBytes } from '@dimp/foundation';
import { type NativeAes, native as portable } from './aes.default.ts';

/** OpenSSL; portable code for what stands in for it does not know: Deno has no keys of 192 bits. */
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

/** Keys and IVs have been checked, so all that can fail is that the platform does not know the cipher. */
function ifKnown<T>(create: () => T): T | undefined {
  try {
    return create();
  } catch {
    return undefined;
  }
}
