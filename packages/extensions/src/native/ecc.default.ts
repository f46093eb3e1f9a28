import { secp256k1 } from '@noble/curves/secp256k1.js';
import type { Verifier } from './verifier.ts';

/** Platform implementation of secp256k1. */
export interface NativeEcc {
  /**
   * Prepares a verifier of ECDSA over SHA-256, which accepts strict DER, including high s.
   *
   * @param point - 65 bytes, uncompressed and on the curve
   */
  verifier(point: Uint8Array): Verifier;
}

/** Uses @noble/curves, because WebCrypto lacks secp256k1. */
export const native: NativeEcc = {
  verifier: (point) => ({
    verify: (data, signature) =>
      secp256k1.verify(signature, data, point, { format: 'der', lowS: false }),
  }),
};
