import type { KeyAlgorithm } from '@dimp/crypto';
import {
  type Ed25519PrivateKey,
  type Ed25519PublicKey,
  generatePrivateKey,
  parsePrivateKey,
  parsePublicKey,
} from './keys.ts';

/**
 * Ed25519 (RFC 8032), which the deployed network does not support yet. `data` is the Base64 of 32 bytes: the point of a public key,
 * or the seed of a private one. Its keys cannot encrypt.
 *
 * Verification is strict and equal on all platforms: canonical s, canonical R, no small-order keys, no cofactor.
 *
 * @example
 * ```ts
 * const keys = keyRegistry(ed25519);
 * const identity = await keys.generate('Ed25519');
 * ```
 */
export const ed25519: KeyAlgorithm<'Ed25519', Ed25519PrivateKey, Ed25519PublicKey> = {
  kind: 'key-pair',
  name: 'Ed25519',
  generate: generatePrivateKey,
  parsePrivate: parsePrivateKey,
  parsePublic: parsePublicKey,
};
