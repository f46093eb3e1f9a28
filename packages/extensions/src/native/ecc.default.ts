import { secp256k1 } from '@noble/curves/secp256k1.js';
import type { Verifier } from './verifier.ts';

/** What a platform does better than portable code on secp256k1. */
export interface NativeEcc {
  /**
   * Prepares a verifier of ECDSA over SHA-256; it takes strict DER, high s included.
   *
   * @param point - 65 bytes, uncompressed and on the curve
   */
  verifier(point: Uint8Array): Verifier;
}

/** @noble/curves; WebCrypto has no secp256k1. */
export const native: NativeEcc = {
  verifier: (point) => ({
    verify: (data, signature) =>
      secp256k1.verify(signature, data, point, { format: 'der', lowS: false }),
  }),
};
