import type { MaybePromise } from '@dimp/foundation';

/** AES-GCM of a platform, with one key. */
export interface NativeAesGcm {
  /** Ciphertext and the tag of 16 bytes behind it. */
  seal(plaintext: Uint8Array, nonce: Uint8Array, associated: Uint8Array): MaybePromise<Uint8Array>;
  /** Opens what {@link NativeAesGcm.seal} made of the same associated data; throws or rejects for anything else. */
  open(sealed: Uint8Array, nonce: Uint8Array, associated: Uint8Array): MaybePromise<Uint8Array>;
  /** HMAC-SHA-256 of a text with the same key, 32 bytes. */
  mac(text: Uint8Array): Uint8Array;
}
