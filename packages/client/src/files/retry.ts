import { type Random, sleep, type Timers } from '@dimp/core';
import { isProtocolError } from '@dimp/foundation';

/** How often a broken transfer is retried. */
export interface RetryPolicy {
  /** Attempts in a row without progress, before the transfer fails. */
  readonly attempts: number;
  /** Pause before the second attempt, in milliseconds; each further pause is twice as long. */
  readonly firstAfter: number;
  /** The longest pause, in milliseconds. */
  readonly atMostEvery: number;
}

/** 6 attempts, after half a second, 1, 2, 4 and 8 seconds. */
export const DEFAULT_RETRY_POLICY: RetryPolicy = /* @__PURE__ */ Object.freeze({
  attempts: 6,
  firstAfter: 500,
  atMostEvery: 30_000,
});

/** Counts attempts of one transfer and pauses between them. */
export class Retry {
  readonly #policy: RetryPolicy;
  readonly #timers: Timers;
  readonly #random: Random;
  #failures = 0;

  constructor(policy: RetryPolicy, timers: Timers, random: Random) {
    this.#policy = policy;
    this.#timers = timers;
    this.#random = random;
  }

  /** Resets the count, because the transfer has made progress. */
  progress(): void {
    this.#failures = 0;
  }

  /**
   * Pauses before the next attempt.
   *
   * @throws the error, if another attempt is pointless
   */
  async afterFailure(error: unknown, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    this.#failures += 1;
    const { attempts, firstAfter, atMostEvery } = this.#policy;
    if (!isProtocolError(error) || !error.retryable || this.#failures >= attempts) throw error;
    const longest = Math.min(firstAfter * 2 ** (this.#failures - 1), atMostEvery);
    const [byte = 0] = this.#random.bytes(1);
    // Half of it is random, so that clients of a restarted server do not return all at once.
    await sleep(longest * (0.5 + byte / 512), this.#timers, signal);
  }
}
