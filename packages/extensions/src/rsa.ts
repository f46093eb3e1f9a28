/**
 * The RSA key algorithm.
 *
 * @module
 */
export type { RsaPrivateKey } from './rsa/private-key.ts';
export type { RsaPublicKey } from './rsa/public-key.ts';
export { type RsaOptions, rsa } from './rsa/rsa.ts';
