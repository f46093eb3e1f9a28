import type { KeyAlgorithm } from '@dimp/crypto';
import { native } from '#native/rsa';
import { MAX_BITS } from '../key-formats/rsa-numbers.ts';
import { parsePrivateKey, privateKeyOf, type RsaPrivateKey } from './private-key.ts';
import { parsePublicKey, type RsaPublicKey } from './public-key.ts';

/** Options for a new RSA key. */
export interface RsaOptions {
  /** Size of the modulus in bits: 1,024 to 4,096 in steps of 8; 2,048 by default. */
  readonly bits?: number;
}

/**
 * RSA with PKCS#1 v1.5 and SHA-256, as on the whole network (spec §2.4). For identities, and the only algorithm that wraps message
 * keys.
 *
 * @example
 * ```ts
 * const keys = keyRegistry(rsa, aes);
 * const identity = await keys.generate('RSA', { bits: 2048 });
 * const signature = await identity.sign(data);
 * ```
 *
 * @example A key that never leaves a token or a key management service
 * ```ts
 * const remote: Signer<'RSA'> = {
 *   algorithm: 'RSA',
 *   publicKey: rsa.parsePublic(wire),
 *   sign: (data) => token.sign('RSASSA-PKCS1-v1_5', data),
 * };
 * ```
 */
export const rsa: KeyAlgorithm<'RSA', RsaPrivateKey, RsaPublicKey, RsaOptions> = {
  kind: 'key-pair',
  name: 'RSA',
  aliases: ['SHA256withRSA', 'RSA/ECB/PKCS1Padding'],
  async generate({ bits = 2048 } = {}) {
    if (!Number.isInteger(bits) || bits < 1024 || bits > MAX_BITS || bits % 8 !== 0) {
      throw new RangeError('bits must be a multiple of 8 from 1024 to 4096');
    }
    return privateKeyOf(await native.generate(bits));
  },
  parsePrivate: parsePrivateKey,
  parsePublic: parsePublicKey,
};
