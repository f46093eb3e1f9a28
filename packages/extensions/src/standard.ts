/**
 * The preset with everything of the deployed network.
 *
 * @module
 */
import { aes } from './aes.ts';
import { aesGcm } from './aes-gcm.ts';
import { ecc } from './ecc.ts';
import { ed25519 } from './ed25519.ts';
import { plain } from './plain.ts';
import { rsa } from './rsa.ts';
import { type StandardBundle, standardBundle } from './standard/bundle.ts';

export type { StandardContents } from './standard/bundle.ts';

/** The preset that {@link standard} returns. */
export type StandardExtension = StandardBundle<
  readonly [typeof rsa, typeof ecc, typeof aes, typeof aesGcm, typeof plain, typeof ed25519]
>;

/**
 * Returns the preset of the deployed network: key algorithms, addresses, metas, documents, contents and commands.
 *
 * @example
 * ```ts
 * const protocol = createProtocol(standard());
 * ```
 */
export function standard(): StandardExtension {
  return standardBundle([rsa, ecc, aes, aesGcm, plain, ed25519]);
}
