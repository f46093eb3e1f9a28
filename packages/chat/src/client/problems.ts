import type { Clock, Timers } from '@dimp/core';
import { disposeSymbol, Events, isProtocolError } from '@dimp/foundation';
import type { Live } from '../live/live.ts';
import { LiveValue } from '../live/live-value.ts';
import type { Problem } from './dim-client.ts';

/** Problems that are remembered. */
const MAX_PROBLEMS = 32;
/** How long a problem that may pass by itself is shown after it was last seen. */
const PASSING_MS = 10 * 60_000;

/** Codes that stay until the program is started again: nothing says that they are over. */
const LASTING: ReadonlySet<string> = /* @__PURE__ */ new Set([
  'store/corrupt',
  'identity/meta-mismatch',
]);

interface Noted extends Problem {
  /** When it was seen last, in milliseconds since the epoch. */
  seen: number;
}

/** What needs the user's attention. */
export class Problems {
  readonly live: Live<readonly Problem[]>;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #events = new Events<{ changed: Record<never, never> }>({ changed: true });
  readonly #noted = new Map<string, Noted>();

  constructor(clock: Clock, timers: Timers) {
    this.#clock = clock;
    this.#timers = timers;
    this.live = new LiveValue<readonly Problem[]>({
      load: async () => this.#present(),
      watch: (changed) => this.#watch(changed),
      timers,
    });
  }

  /**
   * Notes a problem. A problem that is noted again is the same one.
   *
   * @param message - never a peer's text or a secret
   */
  note(problem: Omit<Problem, 'since'>): void {
    const now = this.#clock.now();
    const name = `${problem.code} ${problem.id ?? ''}`;
    const known = this.#noted.get(name);
    if (known !== undefined) known.seen = now;
    else {
      this.#noted.set(name, { ...problem, since: now, seen: now });
      const [first] = this.#noted.keys();
      if (this.#noted.size > MAX_PROBLEMS && first !== undefined) this.#noted.delete(first);
    }
    this.#events.emit('changed', {});
  }

  /** Notes an error if the user can do something about it. */
  noteError(error: unknown): void {
    if (!isProtocolError(error)) return;
    const { code } = error;
    if (code.startsWith('store/') && code !== 'store/conflict') {
      this.note({ code, message: MESSAGES[code] ?? 'the store has failed' });
    }
  }

  /** A problem is over. */
  end(code: string): void {
    for (const [name, each] of this.#noted) if (each.code === code) this.#noted.delete(name);
    this.#events.emit('changed', {});
  }

  #present(): readonly Problem[] {
    const now = this.#clock.now();
    return [...this.#noted.values()]
      .filter(({ code, seen }) => LASTING.has(code) || now - seen < PASSING_MS)
      .map(({ seen: _, ...problem }) => problem);
  }

  /** Looks again when a problem may have passed. */
  #watch(changed: () => void): () => void {
    const listening = this.#events.on('changed', changed);
    let stopped = false;
    let timer: Disposable | undefined;
    const look = (): void => {
      if (stopped) return;
      changed();
      timer = this.#timers.after(PASSING_MS, look);
    };
    timer = this.#timers.after(PASSING_MS, look);
    return () => {
      stopped = true;
      timer?.[disposeSymbol]();
      listening.close();
    };
  }
}

const MESSAGES: Readonly<Record<string, string>> = {
  'store/quota': 'the storage of this device is full',
  'store/unavailable': 'the storage of this device cannot be reached',
  'store/corrupt': 'a stored record is damaged',
  'store/too-large': 'a record is too large for the storage',
};
