import type { KeyAlgorithm } from '@dimp/crypto';
import { type EccPrivateKey, generatePrivateKey, parsePrivateKey } from './private-key.ts';
import { type EccPublicKey, parsePublicKey } from './public-key.ts';

/**
 * ECDSA on secp256k1 with SHA-256 (spec §2.5). Signs with deterministic nonces (RFC 6979) and low s; also accepts high s. Its keys
 * cannot encrypt.
 *
 * @example
 * ```ts
 * const keys = keyRegistry(ecc);
 * const identity = await keys.generate('ECC');
 * const valid = await identity.publicKey.verify(data, await identity.sign(data));
 * ```
 */
export const ecc: KeyAlgorithm<'ECC', EccPrivateKey, EccPublicKey> = {
  kind: 'key-pair',
  name: 'ECC',
  aliases: ['SHA256withECDSA'],
  generate: generatePrivateKey,
  parsePrivate: parsePrivateKey,
  parsePublic: parsePublicKey,
};
