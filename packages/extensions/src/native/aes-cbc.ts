import type { MaybePromise } from '@dimp/foundation';

/** Platform implementation of AES-CBC, for one key. */
export interface NativeAesCbc {
  /** Pads with PKCS#7 and encrypts. */
  encrypt(plaintext: Uint8Array, iv: Uint8Array): MaybePromise<Uint8Array>;
  /** Decrypts whole blocks without removing the padding; may throw or reject. */
  decryptBlocks(ciphertext: Uint8Array, iv: Uint8Array): MaybePromise<Uint8Array>;
}
