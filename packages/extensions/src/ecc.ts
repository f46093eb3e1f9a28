/**
 * The ECC key algorithm (secp256k1).
 *
 * @module
 */

export { ecc } from './ecc/ecc.ts';
export type { EccPrivateKey } from './ecc/private-key.ts';
export type { EccPublicKey } from './ecc/public-key.ts';
