/** How often something may happen: a long-term rate, and how much at once. */
export interface Rate {
  /** Per second in the long run; fractions are allowed. */
  readonly perSecond: number;
  /** At once, after a pause. */
  readonly burst: number;
}

/** What adding up fractions may be off by: who has waited as long as he was told must not be refused for it. */
const ROUNDING = 1e-6;

/**
 * Lets something happen at a rate: tokens come in steadily up to the burst, and each use takes some. It looks at the time
 * when it is asked and needs no timer.
 */
export class TokenBucket {
  readonly #rate: Rate;
  #tokens: number;
  #filled: number;

  /** @param now - milliseconds since the epoch; the bucket begins full */
  constructor(rate: Rate, now: number) {
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#filled = now;
  }

  /**
   * How long until there is enough.
   *
   * @param amount - at least 0; more than the burst counts as the burst, or it would never pass
   * @param now - milliseconds since the epoch
   * @returns milliseconds; 0 if it may happen now
   */
  wait(amount: number, now: number): number {
    this.#fill(now);
    const missing = Math.min(amount, this.#rate.burst) - this.#tokens;
    return missing <= ROUNDING ? 0 : Math.ceil((missing / this.#rate.perSecond) * 1000);
  }

  /** Takes tokens, without asking whether there are enough: what is missing has to come in first. */
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
    // A clock that was set back gives nothing, and must not stop everything until it has caught up.
    const passed = Math.max(0, now - this.#filled);
    const { perSecond, burst } = this.#rate;
    this.#tokens = Math.min(burst, this.#tokens + (passed / 1000) * perSecond);
    this.#filled = now;
  }
}
