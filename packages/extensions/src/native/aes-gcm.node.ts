import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import { concatBytes } from '@dimp/foundation';
import type { NativeAesGcmMaker } from './aes-gcm.default.ts';

const NAME = 'aes-256-gcm';
const TAG_LENGTH = 16;

/** OpenSSL. */
export const native: NativeAesGcmMaker = (key) => ({
  seal(plaintext, nonce, associated) {
    const cipher = createCipheriv(NAME, key, nonce, { authTagLength: TAG_LENGTH });
    cipher.setAAD(associated);
    return concatBytes(cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
  },
  open(sealed, nonce, associated) {
    const decipher = createDecipheriv(NAME, key, nonce, { authTagLength: TAG_LENGTH });
    decipher.setAAD(associated);
    decipher.setAuthTag(sealed.subarray(-TAG_LENGTH));
    const plaintext = decipher.update(sealed.subarray(0, -TAG_LENGTH));
    decipher.final();
    return new Uint8Array(plaintext.buffer, plaintext.byteOffset, plaintext.byteLength);
  },
  mac: (text) => new Uint8Array(createHmac('sha256', key).update(text).digest()),
});
