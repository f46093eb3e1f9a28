import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { writeEccSpki } from '../ecc/der.ts';
import type { NativeEcc } from './ecc.default.ts';

/** OpenSSL, which verifies several times faster than portable code. The key is loaded at its first use. */
export const native: NativeEcc = {
  verifier(point) {
    let key: KeyObject | undefined;
    return (data, signature) => {
      key ??= createPublicKey({
        key: writeEccSpki(point) as Buffer,
        format: 'der',
        type: 'spki',
      });
      return verify('sha256', data, key, signature);
    };
  },
};
