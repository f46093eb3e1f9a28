import type { Meta } from '@dimp/mkm';

/** A key that verifies signatures of an entity. */
export type VerifyKey = Meta['key'];

/** Length of the RSA key whose verifications cost 1. */
const RSA_BITS = 2048;
/** Cost of a verification with an elliptic curve, or with an unknown key, which may be the largest allowed. */
const OTHERS = 4;

/**
 * Returns the cost of verifying a signature, in verifications with RSA-2048 (about 30 µs). The cost of RSA grows with
 * the square of the key length; elliptic curves take a few times as long with any key.
 *
 * @param key - undefined if it is not known yet
 */
export function verificationCost(key: VerifyKey | undefined): number {
  if (key?.algorithm !== 'RSA') return OTHERS;
  const { bits } = key as { bits?: unknown };
  return typeof bits === 'number' ? Math.max(1, (bits / RSA_BITS) ** 2) : OTHERS;
}
