import type { Meta } from '@dimp/mkm';

/** The key that somebody's signatures are verified with. */
export type VerifyKey = Meta['key'];

/** The key whose verifications count one. */
const RSA_BITS = 2048;
/** What a verification with elliptic curves costs, and one with a key that is not known yet, which may be the largest. */
const OTHERS = 4;

/**
 * What verifying a signature costs, in verifications with RSA-2048 (about 30 µs): those of RSA grow with the square of the
 * length, and those with elliptic curves take a few times as long whatever the key.
 *
 * @param key - undefined if it is not known yet
 */
export function verificationCost(key: VerifyKey | undefined): number {
  if (key?.algorithm !== 'RSA') return OTHERS;
  const { bits } = key as { bits?: unknown };
  return typeof bits === 'number' ? Math.max(1, (bits / RSA_BITS) ** 2) : OTHERS;
}
