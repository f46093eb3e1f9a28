/**
 * A clock that a test moves.
 *
 * @module
 */
import type { Clock } from '@dimp/core';

/** A {@link Clock} that stands still until it is moved. */
export interface ManualClock extends Clock {
  /** @param milliseconds - may be negative, for a clock that is set back */
  advance(milliseconds: number): void;
}

/**
 * Makes a clock for tests.
 *
 * @param start - milliseconds since the Unix epoch
 */
export function manualClock(start = 1_700_000_000_000): ManualClock {
  let now = start;
  return {
    now: () => now,
    advance: (milliseconds) => {
      now += milliseconds;
    },
  };
}
