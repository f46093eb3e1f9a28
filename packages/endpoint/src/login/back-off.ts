import type { Random } from '@dimp/core';

/** Upper limits of the delay after the first failure, and of any delay. */
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;

/**
 * Returns the delay after a number of consecutive failures: random, up to a limit that doubles each time. So clients that lost the
 * same station do not all reconnect at once.
 *
 * @param failures - at least 1
 * @returns milliseconds
 */
export function backOff(failures: number, random: Random): number {
  // 2⁶ seconds exceed the longest delay.
  const limit = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 6), LONGEST_PAUSE_MS);
  const [high = 0, low = 0] = random.bytes(2);
  return Math.floor((limit * (high * 256 + low)) / 65_536);
}
