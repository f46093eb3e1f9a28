import { gcm } from '@noble/ciphers/aes.js';
import type { NativeAesGcm } from './aes-gcm.ts';

/** AES-GCM in plain code, slow: for what a browser's WebCrypto does not do. */
export function portableAesGcm(key: Uint8Array): Pick<NativeAesGcm, 'seal' | 'open'> {
  return {
    seal: (plaintext, nonce, associated) => gcm(key, nonce, associated).encrypt(plaintext),
    open: (sealed, nonce, associated) => gcm(key, nonce, associated).decrypt(sealed),
  };
}
