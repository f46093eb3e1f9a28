/** Where time comes from; a test puts its own in. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
}

/** The platform's clock. */
export const systemClock: Clock = { now: () => Date.now() };

/** Seconds since the epoch with fractions, as the wire has them (spec §1.6). */
export function seconds(clock: Clock): number {
  return clock.now() / 1000;
}
