import { gcm } from '@noble/ciphers/aes.js';
import type { NativeAesGcm } from './aes-gcm.ts';

/** AES-GCM in plain JavaScript, slow, for browsers whose WebCrypto lacks it. */
export function portableAesGcm(key: Uint8Array): Pick<NativeAesGcm, 'seal' | 'open'> {
  return {
    seal: (plaintext, nonce, associated) => gcm(key, nonce, associated).encrypt(plaintext),
    open: (sealed, nonce, associated) => gcm(key, nonce, associated).decrypt(sealed),
  };
}
