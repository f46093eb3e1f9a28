import type { MaybePromise } from '@dimp/foundation';

/** Platform implementation of AES-GCM, for one key. */
export interface NativeAesGcm {
  /** Encrypts; returns the ciphertext followed by the tag of 16 bytes. */
  seal(plaintext: Uint8Array, nonce: Uint8Array, associated: Uint8Array): MaybePromise<Uint8Array>;
  /** Decrypts the output of {@link NativeAesGcm.seal} for the same associated data; throws or rejects otherwise. */
  open(sealed: Uint8Array, nonce: Uint8Array, associated: Uint8Array): MaybePromise<Uint8Array>;
  /** Returns the HMAC-SHA-256 of a text with the same key, 32 bytes. */
  mac(text: Uint8Array): Uint8Array;
}
