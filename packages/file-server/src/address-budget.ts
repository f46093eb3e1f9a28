import type { Clock } from '@dimp/core';
import type { Rate } from '@dimp/core/transport';
import { TokenBucket } from '@dimp/core/transport';
import { LruMap } from '@dimp/foundation';
import { FILE_COST } from './disk-usage.ts';

const DAY = 86_400;
/** Addresses that are remembered; who falls out begins anew. */
const MAX_ADDRESSES = 65_536;

/** How many bytes each address may upload. What was used comes back evenly over a day. */
export class AddressBudget {
  readonly #buckets = new LruMap<string, TokenBucket>(MAX_ADDRESSES);
  readonly #rate: Rate;
  readonly #clock: Clock;

  /** @param perDay - bytes of one address in a day, all of which it may use at once */
  constructor(perDay: number, clock: Clock) {
    this.#rate = { perSecond: perDay / DAY, burst: perDay };
    this.#clock = clock;
  }

  /** @returns 0 if a file of so many bytes may come, otherwise the seconds after which it might */
  take(address: string, bytes: number): number {
    // A file that is longer than all of a day would come through when the day is full.
    const cost = bytes + FILE_COST;
    if (cost > this.#rate.burst) return DAY;
    const now = this.#clock.now();
    const bucket = this.#buckets.get(address) ?? new TokenBucket(this.#rate, now);
    this.#buckets.set(address, bucket);
    return Math.ceil(bucket.take(cost, now) / 1000);
  }
}
