import { createPublicKey } from 'node:crypto';
import { writeEccSpki } from '../ecc/der.ts';
import { type NativeEcc, native as portable } from './ecc.default.ts';
import { verifierOf } from './openssl/verifier.node.ts';

/** OpenSSL, which verifies several times faster than portable code. */
export const native: NativeEcc = {
  verifier: (point) =>
    verifierOf(
      'sha256',
      () => createPublicKey({ key: writeEccSpki(point) as Buffer, format: 'der', type: 'spki' }),
      () => portable.verifier(point),
    ),
};
