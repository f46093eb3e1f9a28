import type { Clock } from '@dimp/core';
import type { Rate } from '@dimp/core/transport';
import { TokenBucket } from '@dimp/core/transport';
import { LruMap } from '@dimp/foundation';
import { FILE_COST } from './disk-usage.ts';

const DAY_SECONDS = 86_400;
/** Most addresses in memory; a dropped one starts with a full budget. */
const MAX_ADDRESSES = 65_536;

/** The bytes that each address may upload. Used bytes are refilled evenly over a day. */
export class AddressBudget {
  readonly #buckets = new LruMap<string, TokenBucket>(MAX_ADDRESSES);
  readonly #rate: Rate;
  readonly #clock: Clock;

  /** @param perDay - bytes for one address in a day; it may use all of them at once */
  constructor(perDay: number, clock: Clock) {
    this.#rate = { perSecond: perDay / DAY_SECONDS, burst: perDay };
    this.#clock = clock;
  }

  /** @returns 0 if a file of this length is granted, otherwise the seconds to wait */
  take(address: string, bytes: number): number {
    // The bucket grants a cost above its burst when it is full, so longer files are refused here.
    const cost = bytes + FILE_COST;
    if (cost > this.#rate.burst) return DAY_SECONDS;
    const now = this.#clock.now();
    const bucket = this.#buckets.get(address) ?? new TokenBucket(this.#rate, now);
    this.#buckets.set(address, bucket);
    return Math.ceil(bucket.take(cost, now) / 1000);
  }
}
