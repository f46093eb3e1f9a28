/** A rate limit: a long-term rate and a burst. */
export interface Rate {
  /** Long-term rate per second; fractions are allowed. */
  readonly perSecond: number;
  /** Maximum at once, after a pause. */
  readonly burst: number;
}

/** Tolerance for rounding errors: a caller that has waited for the returned time must not be refused. */
const ROUNDING = 1e-6;

/**
 * A token bucket: tokens accumulate at a constant rate up to the burst, and each use takes some. It computes them from the time of
 * each call and needs no timer.
 */
export class TokenBucket {
  readonly #rate: Rate;
  #tokens: number;
  #filled: number;

  /** Creates a full bucket. @param now - milliseconds since the epoch */
  constructor(rate: Rate, now: number) {
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#filled = now;
  }

  /**
   * Returns the time until there are enough tokens.
   *
   * @param amount - at least 0; more than the burst counts as the burst, because it would never pass
   * @param now - milliseconds since the epoch
   * @returns milliseconds; 0 if it may happen now
   */
  wait(amount: number, now: number): number {
    this.#fill(now);
    const missing = Math.min(amount, this.#rate.burst) - this.#tokens;
    return missing <= ROUNDING ? 0 : Math.ceil((missing / this.#rate.perSecond) * 1000);
  }

  /** Takes tokens even if there are not enough. The missing ones have to accumulate first. */
  spend(amount: number, now: number): void {
    this.#fill(now);
    this.#tokens -= amount;
  }

  /**
   * Takes tokens if there are enough.
   *
   * @returns milliseconds to wait; 0 if they were taken
   */
  take(amount: number, now: number): number {
    const wait = this.wait(amount, now);
    if (wait === 0) this.spend(amount, now);
    return wait;
  }

  #fill(now: number): void {
    // If the clock was set back, no tokens are added, but later ones must not be blocked until it has caught up.
    const passed = Math.max(0, now - this.#filled);
    const { perSecond, burst } = this.#rate;
    this.#tokens = Math.min(burst, this.#tokens + (passed / 1000) * perSecond);
    this.#filled = now;
  }
}
