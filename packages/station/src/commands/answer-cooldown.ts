import type { Clock } from '@dimp/core';
import { LruMap } from '@dimp/foundation';

/** Minimum time between two equal answers to one sender (spec §11.4). */
const COOLDOWN_MS = 600_000;

interface Answer {
  readonly at: number;
  readonly version: number;
}

/** Suppresses equal answers to the same sender within ten minutes; changed answers are sent at once. */
export class AnswerCooldown {
  readonly #clock: Clock;
  readonly #last = new LruMap<string, Answer>(65_536);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Returns whether to answer, and if so, records the answer.
   *
   * @param name - of the sender and the question
   * @param version - changes when the answer does
   */
  pass(name: string, version: number): boolean {
    const now = this.#clock.now();
    const last = this.#last.get(name);
    // A clock that was set back must not silence the station.
    const again = last?.version === version && now - last.at < COOLDOWN_MS && now >= last.at;
    if (!again) this.#last.set(name, { at: now, version });
    return !again;
  }
}
