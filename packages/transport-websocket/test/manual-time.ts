import type { Clock, Timers } from '@dimp/core';
import { Sweep } from '@dimp/core/transport';

/** Time that a test moves: whatever is due meanwhile is run. */
export class ManualTime implements Clock, Timers {
  readonly sweep: Sweep;
  #now = 1_000_000;
  readonly #tasks = new Set<{ readonly at: number; readonly run: () => unknown }>();

  constructor() {
    this.sweep = new Sweep({ clock: this, timers: this });
  }

  now(): number {
    return this.#now;
  }

  after(delay: number, run: () => unknown): Disposable {
    const task = { at: this.#now + delay, run };
    this.#tasks.add(task);
    return { [Symbol.dispose]: () => void this.#tasks.delete(task) };
  }

  /** How many timers run. */
  get timers(): number {
    return this.#tasks.size;
  }

  /** Moves on second by second, and lets the sockets work in between. */
  async pass(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      this.#now += 1000;
      for (const task of this.#tasks) {
        if (task.at > this.#now) continue;
        this.#tasks.delete(task);
        task.run();
      }
      await soon();
    }
  }
}

/** A turn of the event loop, in which what was written is sent. */
export function soon(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(() => setImmediate(resolve));
  });
}

/** Lets sockets of this process exchange what they have. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await soon();
}
