import type { Clock } from '@dimp/core';
import { LruMap } from '@dimp/foundation';

/** Pause between two equal answers to one asker, in milliseconds (spec §11.4). */
const INTERVAL = 600_000;

interface Answer {
  readonly at: number;
  readonly version: number;
}

/** Remembers who was told what: nobody is told the same twice in ten minutes, but what has changed at once. */
export class AnswerCooldown {
  readonly #clock: Clock;
  readonly #last = new LruMap<string, Answer>(65_536);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Whether to answer; if so, it counts as answered.
   *
   * @param name - who was told of what
   * @param version - changes when the answer does
   */
  pass(name: string, version: number): boolean {
    const now = this.#clock.now();
    const last = this.#last.get(name);
    // A clock that was set back must not silence the station.
    const again = last?.version === version && now - last.at < INTERVAL && now >= last.at;
    if (!again) this.#last.set(name, { at: now, version });
    return !again;
  }
}
