import { type Clock, sleep, type Timers } from '@dimp/core';
import { isProtocolError } from '@dimp/foundation';
import type { RateLimiter } from '../limits/rate-limiter.ts';
import { type VerifyKey, verificationCost } from '../limits/verification-cost.ts';
import type { Session } from '../session/session.ts';
import { NeighbourRate } from './neighbour-rate.ts';

/** What {@link Throttle} are made with. */
export interface ThrottleOptions {
  readonly limiter: RateLimiter;
  readonly clock: Clock;
  readonly timers: Timers;
}

/** How long a connection that sends too much waits for its next message, in milliseconds, and how often. */
const MAX_WAIT = 5000;
const MAX_TRIES = 8;

/**
 * Makes connections pay for what they send before anything is done with it, whoever it is from. They are slowed down to what
 * their limits grant; what could not be taken for long is refused.
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
   * A message has come, and nothing was read of it yet.
   *
   * @param bytes - what has come with it
   * @throws `policy/rate-limited`
   */
  async message({ user, remote, neighbour }: Session, bytes: number): Promise<void> {
    if (neighbour && user !== undefined) return this.#neighbourRate.pass(user, bytes);
    await this.#paid(() => this.#limiter.message(remote.address, user, bytes));
  }

  /**
   * Signatures are to be verified. A neighbour is slowed down by its messages alone: its users are many.
   *
   * @param count - how many, under one key
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
   * A message to a group is to be copied for its members.
   *
   * @param bytes - of all copies
   * @throws `policy/rate-limited`
   */
  async copies({ user, remote, neighbour }: Session, bytes: number): Promise<void> {
    if (neighbour && user !== undefined) return this.#neighbourRate.pass(user, bytes);
    await this.#paid(() => this.#limiter.copies(remote.address, user, bytes));
  }

  /**
   * Waits until something can be paid for.
   *
   * @throws what `pay` throws, if that takes too long
   */
  async #paid(pay: () => void): Promise<void> {
    for (let tries = 0; ; tries++) {
      try {
        pay();
        return;
      } catch (error) {
        const wait = isProtocolError(error, 'policy/rate-limited') && error.details['retryAfter'];
        if (typeof wait !== 'number' || wait > MAX_WAIT || tries >= MAX_TRIES) throw error;
        await sleep(Math.ceil(wait), this.#timers);
      }
    }
  }
}
