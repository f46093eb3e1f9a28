import { cbc } from '@noble/ciphers/aes.js';
import type { NativeAesCbc } from './aes-cbc.ts';

/** AES-CBC in plain code, slow: for what a browser's WebCrypto does not do. */
export function portableAes(key: Uint8Array): NativeAesCbc {
  return {
    encrypt: (plaintext, iv) => cbc(key, iv).encrypt(plaintext),
    decryptBlocks: (ciphertext, iv) => cbc(key, iv, { disablePadding: true }).decrypt(ciphertext),
  };
}
