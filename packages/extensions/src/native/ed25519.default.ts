import { concatBytes, equalBytes, type MaybePromise } from '@dimp/foundation';
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import type { Verifier } from './verifier.ts';

/** Platform implementation of Ed25519. */
export interface NativeEd25519 {
  /** Returns the public key of a seed; both have 32 bytes. */
  publicKey(seed: Uint8Array): Uint8Array;
  /** Prepares a signer; signatures have 64 bytes. */
  signer(seed: Uint8Array): (data: Uint8Array) => MaybePromise<Uint8Array>;
  /**
   * Prepares a verifier. It computes R again without cofactor and compares the encoding, one of two ways that RFC 8032 §5.1.7
   * allows. So all platforms agree on hostile signatures too.
   *
   * @param point - 32 bytes, canonical and of no small order
   */
  verifier(point: Uint8Array): Verifier;
}

/** Uses @noble/curves: not all browsers have Ed25519 in WebCrypto, and those that have it differ in strictness. */
export const native: NativeEd25519 = {
  publicKey: (seed) => ed25519.getPublicKey(seed),
  signer: (seed) => (data) => ed25519.sign(data, seed),
  verifier: (point) => ({ verify: (data, signature) => verify(point, data, signature) }),
};

function verify(point: Uint8Array, data: Uint8Array, signature: Uint8Array): boolean {
  const { Point } = ed25519;
  const commitment = signature.subarray(0, 32);
  const s = littleEndian(signature.subarray(32));
  if (s >= Point.Fn.ORDER) return false;
  const challenge = Point.Fn.create(littleEndian(sha512(concatBytes(commitment, point, data))));
  const minusA = Point.fromBytes(point).negate();
  const expected = Point.BASE.multiplyUnsafe(s).add(minusA.multiplyUnsafe(challenge));
  return equalBytes(expected.toBytes(), commitment);
}

function littleEndian(bytes: Uint8Array): bigint {
  let number = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) number = (number << 8n) | BigInt(bytes[i] as number);
  return number;
}
