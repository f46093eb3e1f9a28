import type { Clock } from '@dimp/core';
import { LruMap } from '@dimp/foundation';

const DAY = 86_400_000;
/** Addresses that are remembered; who falls out begins anew. */
const MAX_ADDRESSES = 65_536;

interface Level {
  /** Bytes that were left at `at`. */
  left: number;
  /** Milliseconds since the epoch. */
  at: number;
}

/** How many bytes each address may upload. What was used comes back evenly over a day. */
export class AddressBudget {
  readonly #levels = new LruMap<string, Level>(MAX_ADDRESSES);
  readonly #perDay: number;
  readonly #clock: Clock;

  /** @param perDay - bytes of one address in a day, all of which it may use at once */
  constructor(perDay: number, clock: Clock) {
    this.#perDay = perDay;
    this.#clock = clock;
  }

  /** @returns 0 if the bytes may come, otherwise the seconds after which they might */
  take(address: string, bytes: number): number {
    const now = this.#clock.now();
    const level = this.#levels.get(address) ?? { left: this.#perDay, at: now };
    const back = (Math.max(0, now - level.at) / DAY) * this.#perDay;
    level.left = Math.min(this.#perDay, level.left + back);
    level.at = now;
    this.#levels.set(address, level);
    if (bytes > level.left) {
      return (
        Math.ceil(((Math.min(bytes, this.#perDay) - level.left) / this.#perDay) * (DAY / 1000)) || 1
      );
    }
    level.left -= bytes;
    return 0;
  }
}
