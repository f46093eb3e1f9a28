import type { Clock } from '@dimp/core';
import { LruMap } from '@dimp/foundation';

/** Allows something at most once per interval for each name (spec §11.4). */
export class Cooldown {
  readonly #clock: Clock;
  readonly #interval: number;
  readonly #last = new LruMap<string, number>(4096);

  /** @param interval - milliseconds */
  constructor(clock: Clock, interval: number) {
    this.#clock = clock;
    this.#interval = interval;
  }

  /** Whether it is allowed now. If so, it starts the interval. */
  pass(name: string): boolean {
    const now = this.#clock.now();
    const last = this.#last.get(name);
    // If the clock was set back, it must not be blocked for ever.
    if (last !== undefined && now - last < this.#interval && now >= last) return false;
    this.#last.set(name, now);
    return true;
  }

  /** Ends the interval, because it did not happen. */
  forget(name: string): void {
    this.#last.delete(name);
  }
}
