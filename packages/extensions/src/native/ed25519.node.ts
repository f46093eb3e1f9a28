import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { writeEd25519Pkcs8, writeEd25519Spki } from '../key-formats/ed25519-der.ts';
import { type NativeEd25519, native as portable } from './ed25519.default.ts';
import { verifierOf } from './openssl/verifier.node.ts';

/** Uses OpenSSL; portable code if a replacement of OpenSSL lacks the algorithm. */
export const native: NativeEd25519 = {
  publicKey(seed) {
    try {
      const spki = createPublicKey(load(seed)).export({ format: 'der', type: 'spki' });
      return new Uint8Array(spki.subarray(-32));
    } catch {
      return portable.publicKey(seed);
    }
  },
  signer(seed) {
    let key: KeyObject | undefined;
    return (data) => {
      try {
        key ??= load(seed);
        return new Uint8Array(sign(null, data, key));
      } catch {
        return portable.signer(seed)(data);
      }
    };
  },
  verifier: (point) =>
    verifierOf(
      null,
      () =>
        createPublicKey({ key: writeEd25519Spki(point) as Buffer, format: 'der', type: 'spki' }),
      () => portable.verifier(point),
    ),
};

function load(seed: Uint8Array): KeyObject {
  return createPrivateKey({
    key: writeEd25519Pkcs8(seed) as Buffer,
    format: 'der',
    type: 'pkcs8',
  });
}
