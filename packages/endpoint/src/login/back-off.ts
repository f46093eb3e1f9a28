import type { Random } from '@dimp/core';

/** Longest pause before the first attempt after a failure, and before any other, in milliseconds. */
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 60_000;

/**
 * How long to wait after a number of failures in a row: anything up to a limit that doubles, so that clients which lost
 * the same station come back one after the other.
 *
 * @param failures - at least one
 * @returns milliseconds
 */
export function backOff(failures: number, random: Random): number {
  // 2⁶ seconds are more than the longest pause.
  const limit = Math.min(FIRST_PAUSE * 2 ** Math.min(failures - 1, 6), LONGEST_PAUSE);
  const [high = 0, low = 0] = random.bytes(2);
  return Math.floor((limit * (high * 256 + low)) / 65_536);
}
