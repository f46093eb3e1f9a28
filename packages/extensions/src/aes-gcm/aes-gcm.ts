import type { SymmetricAlgorithm } from '@dimp/crypto';
import { type AesGcmKey, generateKey, parseKey } from './key.ts';

/**
 * AES-256-GCM (NIST SP 800-38D) with associated data and key commitment, for messages only; files use another format. Each
 * encryption generates its own nonce and ignores a given one, because a reused nonce reveals the authentication key.
 *
 * The output is commitment (16 bytes) ‖ nonce (12) ‖ ciphertext ‖ tag (16). With GCM alone, an attacker can construct a ciphertext
 * that decrypts under several keys. The commitment, by HMAC-SHA-256, is checked first and prevents that.
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
