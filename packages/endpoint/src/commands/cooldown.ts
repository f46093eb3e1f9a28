import type { Clock } from '@dimp/core';
import { LruMap } from '@dimp/foundation';

/** Lets something happen at most once in a time for each name (spec §11.4). */
export class Cooldown {
  readonly #clock: Clock;
  readonly #interval: number;
  readonly #last = new LruMap<string, number>(4096);

  /** @param interval - milliseconds */
  constructor(clock: Clock, interval: number) {
    this.#clock = clock;
    this.#interval = interval;
  }

  /** Whether it may happen now; if so, not again for a while. */
  pass(name: string): boolean {
    const now = this.#clock.now();
    const last = this.#last.get(name);
    // A clock that was set back must not stop everything for ever.
    if (last !== undefined && now - last < this.#interval && now >= last) return false;
    this.#last.set(name, now);
    return true;
  }

  /** It did not happen after all. */
  forget(name: string): void {
    this.#last.delete(name);
  }
}
