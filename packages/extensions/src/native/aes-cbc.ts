import type { MaybePromise } from '@dimp/foundation';

/** AES-CBC of a platform, with one key. */
export interface NativeAesCbc {
  /** Pads by PKCS#7 and encrypts. */
  encrypt(plaintext: Uint8Array, iv: Uint8Array): MaybePromise<Uint8Array>;
  /** Decrypts whole blocks and leaves the padding on; may throw or reject. */
  decryptBlocks(ciphertext: Uint8Array, iv: Uint8Array): MaybePromise<Uint8Array>;
}
