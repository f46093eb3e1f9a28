import type { ServiceHost } from '@dimp/client';
import { disposeSymbol } from '@dimp/foundation';

/** Tasks of a service that run later, and not after it was stopped. */
export class Later {
  readonly #host: Pick<ServiceHost, 'timers' | 'background'>;
  readonly #waiting = new Set<Disposable>();
  #stopped = false;

  constructor(host: Pick<ServiceHost, 'timers' | 'background'>) {
    this.#host = host;
  }

  start(): void {
    this.#stopped = false;
  }

  stop(): void {
    this.#stopped = true;
    for (const each of this.#waiting) each[disposeSymbol]();
    this.#waiting.clear();
  }

  /** Runs a task after some milliseconds. */
  after(ms: number, task: () => Promise<void>): void {
    if (this.#stopped) return;
    const timer = this.#host.timers.after(ms, () => {
      this.#waiting.delete(timer);
      this.now(task);
    });
    this.#waiting.add(timer);
  }

  /** Runs a task in the background. */
  now(task: () => Promise<void>): void {
    this.#host.background(async () => {
      if (!this.#stopped) await task();
    });
  }
}
