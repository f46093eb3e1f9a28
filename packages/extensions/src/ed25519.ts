/**
 * The Ed25519 key algorithm.
 *
 * @module
 */
export { ed25519 } from './ed25519/ed25519.ts';
export type { Ed25519PrivateKey, Ed25519PublicKey } from './ed25519/keys.ts';
