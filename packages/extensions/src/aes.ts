/**
 * The AES key algorithm.
 *
 * @module
 */
export { aes } from './aes/aes.ts';
export type { AesKey, AesOptions } from './aes/key.ts';
