import { type Clock, sleep, type Timers } from '@dimp/core';
import { isProtocolError } from '@dimp/foundation';
import type { RateLimiter } from '../limits/rate-limiter.ts';
import { type VerifyKey, verificationCost } from '../limits/verification-cost.ts';
import type { Session } from '../session/session.ts';
import { NeighbourRate } from './neighbour-rate.ts';

/** Options for {@link Throttle}. */
export interface ThrottleOptions {
  readonly limiter: RateLimiter;
  readonly clock: Clock;
  readonly timers: Timers;
}

/** Longest wait of a connection for a limit, and most waits for one charge. */
const MAX_WAIT_MS = 5000;
const MAX_TRIES = 8;

/**
 * Charges connections for what they send before it is processed. A connection that exceeds a limit is slowed down to
 * it; if the wait would be too long, the message is refused.
 */
export class Throttle {
  readonly #limiter: RateLimiter;
  readonly #timers: Timers;
  readonly #neighbourRate: NeighbourRate;

  constructor({ limiter, clock, timers }: ThrottleOptions) {
    this.#limiter = limiter;
    this.#timers = timers;
    this.#neighbourRate = new NeighbourRate(clock, timers);
  }

  /**
   * Charges a message before it is parsed.
   *
   * @param bytes - of the payload
   * @throws `policy/rate-limited`
   */
  async message({ user, remote, neighbour }: Session, bytes: number): Promise<void> {
    if (neighbour && user !== undefined) return this.#neighbourRate.pass(user, bytes);
    await this.#paid(() => this.#limiter.message(remote.address, user, bytes));
  }

  /**
   * Charges signatures before they are verified. A neighbour is limited by its messages only, because it has many
   * users.
   *
   * @param count - of signatures with this key
   * @throws `policy/rate-limited`
   */
  async verifications(
    { user, remote, neighbour }: Session,
    key: VerifyKey | undefined,
    count: number,
  ): Promise<void> {
    if (neighbour) return;
    const cost = count * verificationCost(key);
    await this.#paid(() => this.#limiter.verifications(remote.address, user, cost));
  }

  /**
   * Charges the copies of a group message before they are made.
   *
   * @param bytes - of all copies
   * @throws `policy/rate-limited`
   */
  async copies({ user, remote, neighbour }: Session, bytes: number): Promise<void> {
    if (neighbour && user !== undefined) return this.#neighbourRate.pass(user, bytes);
    await this.#paid(() => this.#limiter.copies(remote.address, user, bytes));
  }

  /**
   * Waits until a charge is granted.
   *
   * @throws the error of `pay` if it takes too long
   */
  async #paid(pay: () => void): Promise<void> {
    for (let tries = 0; ; tries++) {
      try {
        pay();
        return;
      } catch (error) {
        const wait = isProtocolError(error, 'policy/rate-limited') && error.details['retryAfter'];
        if (typeof wait !== 'number' || wait > MAX_WAIT_MS || tries >= MAX_TRIES) throw error;
        await sleep(Math.ceil(wait), this.#timers);
      }
    }
  }
}
