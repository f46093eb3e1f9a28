/**
 * The preset without RSA, for small programs.
 *
 * @module
 */
import { aes } from './aes.ts';
import { aesGcm } from './aes-gcm.ts';
import { ecc } from './ecc.ts';
import { ed25519 } from './ed25519.ts';
import { plain } from './plain.ts';
import { type StandardBundle, standardBundle } from './standard/bundle.ts';

/** The preset that {@link standardWithoutRsa} returns. */
export type StandardWithoutRsaExtension = StandardBundle<
  readonly [typeof ecc, typeof aes, typeof aesGcm, typeof plain, typeof ed25519]
>;

/**
 * Returns the standard preset without RSA. It verifies ECC identities, but cannot decrypt or send encrypted messages on the deployed
 * network, which wraps message keys with RSA (spec §2.4). Add an encrypting algorithm, or use it for broadcast messages and for
 * verifying identities.
 */
export function standardWithoutRsa(): StandardWithoutRsaExtension {
  return standardBundle([ecc, aes, aesGcm, plain, ed25519]);
}
