/** Source of time. Tests replace it. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
}

/** The platform's clock. */
export const systemClock: Clock = { now: () => Date.now() };

/** Returns the time in seconds since the epoch with fractions, as on the wire (spec §1.6). */
export function seconds(clock: Clock): number {
  return clock.now() / 1000;
}
