/**
 * The AES-GCM key algorithm, for messages between programs that support it.
 *
 * @module
 */
export { aesGcm } from './aes-gcm/aes-gcm.ts';
export type { AesGcmKey } from './aes-gcm/key.ts';
