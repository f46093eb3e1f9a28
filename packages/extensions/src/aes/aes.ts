import type { SymmetricAlgorithm } from '@dimp/crypto';
import { type AesKey, type AesOptions, generateKey, parseKey } from './key.ts';

/**
 * AES-CBC with PKCS#7 padding (spec §2.1). Each encryption uses a new IV, which belongs into the object with the ciphertext, unless
 * that object or the key has an IV already.
 *
 * CBC does not detect tampering: the object with the ciphertext must be signed.
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
