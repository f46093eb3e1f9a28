import { cbc } from '@noble/ciphers/aes.js';
import type { NativeAesCbc } from './aes-cbc.ts';

/** AES-CBC in plain JavaScript, slow, for browsers whose WebCrypto lacks it. */
export function portableAes(key: Uint8Array): NativeAesCbc {
  return {
    encrypt: (plaintext, iv) => cbc(key, iv).encrypt(plaintext),
    decryptBlocks: (ciphertext, iv) => cbc(key, iv, { disablePadding: true }).decrypt(ciphertext),
  };
}
