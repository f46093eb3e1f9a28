/**
 * A clock that a test advances.
 *
 * @module
 */
import type { Clock } from '@dimp/core';

/** A {@link Clock} that stands still until a test advances it. */
export interface ManualClock extends Clock {
  /** @param milliseconds - may be negative, to set the clock back */
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
