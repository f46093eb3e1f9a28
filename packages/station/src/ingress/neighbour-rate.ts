import { type Clock, sleep, type Timers } from '@dimp/core';
import { TokenBucket } from '@dimp/core/transport';
import type { EntityKey, ID } from '@dimp/mkm';

/** Limits of one neighbour over all its connections. It relays for many users. */
const MESSAGES = /* @__PURE__ */ Object.freeze({ perSecond: 5000, burst: 50_000 });
const BYTES = /* @__PURE__ */ Object.freeze({
  perSecond: 32 * 1024 * 1024,
  burst: 256 * 1024 * 1024,
});

/**
 * Slows neighbours down to their limits. Their messages are never refused for it, because the sender is a user who was
 * told that the message is being delivered.
 */
export class NeighbourRate {
  readonly #clock: Clock;
  readonly #timers: Timers;
  /** By neighbour; the operator has configured them, so the map is bounded. */
  readonly #buckets = new Map<EntityKey, readonly [messages: TokenBucket, bytes: TokenBucket]>();

  constructor(clock: Clock, timers: Timers) {
    this.#clock = clock;
    this.#timers = timers;
  }

  /** Waits until a message may be processed. */
  async pass({ entity }: ID, bytes: number): Promise<void> {
    const now = this.#clock.now();
    const buckets = this.#buckets.get(entity) ?? [
      new TokenBucket(MESSAGES, now),
      new TokenBucket(BYTES, now),
    ];
    this.#buckets.set(entity, buckets);
    const [messages, amount] = buckets;
    messages.spend(1, now);
    amount.spend(bytes, now);
    const wait = Math.max(messages.wait(0, now), amount.wait(0, now));
    if (wait === 0) return;
    await sleep(Math.ceil(wait), this.#timers);
  }
}
