import type { SymmetricAlgorithm } from '@dimp/crypto';
import { type AesGcmKey, generateKey, parseKey } from './key.ts';

/**
 * AES-256-GCM (NIST SP 800-38D) with associated data and a commitment to the key, for messages only: a file is sealed in
 * chunks, by another format. Each encryption draws its own nonce; one that is given is ignored, because a nonce that is
 * used twice gives the key's secrets away.
 *
 * What it makes is commitment (16 bytes) ‖ nonce (12) ‖ ciphertext ‖ tag (16). GCM alone opens one ciphertext under
 * several keys that somebody chose for that; the commitment, of HMAC-SHA-256, is checked first and excludes it.
 *
 * @example
 * ```ts
 * const key = await keyRegistry(aesGcm).generateSymmetric('AES-GCM');
 * const { ciphertext } = await key.encrypt(plaintext, {}, associated);
 * const again = await key.decrypt(ciphertext, {}, associated);
 * ```
 */
export const aesGcm: SymmetricAlgorithm<'AES-GCM', AesGcmKey> = {
  kind: 'symmetric',
  name: 'AES-GCM',
  messageKey: true,
  generate: generateKey,
  parse: parseKey,
};
