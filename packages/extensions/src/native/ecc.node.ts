import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { decodeHex, utf8Encode } from '@dimp/foundation';
import { writeEccSpki } from '../key-formats/ecc-der.ts';
import { type NativeEcc, native as portable } from './ecc.default.ts';
import { verifierOf } from './openssl/verifier.node.ts';

/** Uses OpenSSL, which verifies several times faster than portable code. */
export const native: NativeEcc = {
  verifier: (point) =>
    verifierOf(
      'sha256',
      () => {
        if (!verifiesAll()) throw new Error('the platform does not verify all that we do');
        return load(point);
      },
      () => portable.verifier(point),
    ),
};

/** A public key, and one of its signatures with high s. */
const POINT =
  '0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8';
const DATA = 'high s';
const SIGNATURE =
  '304502203f7d520e080332f77792c07915814ff7a3eff2d922976eb894f9289330147315022100b5bb860ddcc44cb5ac441bdf3ff8bce1ccd0283afe3fdda70a5685b31ec390a3';

let able: boolean | undefined;

/** Whether the platform accepts signatures with high s. Deno's replacement of OpenSSL refuses them. */
function verifiesAll(): boolean {
  able ??= verify('sha256', utf8Encode(DATA), load(decodeHex(POINT)), decodeHex(SIGNATURE));
  return able;
}

function load(point: Uint8Array): KeyObject {
  return createPublicKey({ key: writeEccSpki(point) as Buffer, format: 'der', type: 'spki' });
}
