import type { SymmetricAlgorithm } from '@dimp/crypto';
import { type AesKey, type AesOptions, generateKey, parseKey } from './key.ts';

/**
 * AES-CBC with PKCS#7 padding (spec §2.1). Each encryption takes a fresh IV, which the object that carries the
 * ciphertext has to hold, unless that object or the key brings one.
 *
 * CBC detects no tampering: what carries the ciphertext has to be signed.
 *
 * @example
 * ```ts
 * const key = await keyRegistry(aes).generateSymmetric('AES');
 * const { ciphertext, extra } = await key.encrypt(plaintext); // extra: { IV: '…' }
 * const again = await key.decrypt(ciphertext, extra);
 * ```
 */
export const aes: SymmetricAlgorithm<'AES', AesKey, AesOptions> = {
  kind: 'symmetric',
  name: 'AES',
  aliases: ['AES/CBC/PKCS7Padding'],
  messageKey: true,
  generate: generateKey,
  parse: parseKey,
};
