import { disposeSymbol } from '@dimp/foundation';
import type { Clock } from '../ports/clock.ts';
import { systemTimers, type Timers } from '../ports/timers.ts';

/** Something with time limits. */
export interface Swept {
  /** @param now - milliseconds of the clock of the {@link Sweep} */
  sweep(now: number): void;
}

/** Options for a {@link Sweep}. */
export interface SweepOptions {
  /** Only differences of its time are used; {@link monotonicClock} by default. */
  readonly clock?: Clock;
  readonly timers?: Timers;
  /** Interval in milliseconds, which is the precision of all limits; 1,000 by default. */
  readonly period?: number;
}

/** A monotonic clock: milliseconds since the program started, independent of corrections of the time. */
export const monotonicClock: Clock = { now: () => performance.now() };

/**
 * Checks the time limits of any number of connections with one timer, which runs while there are connections. A separate timer
 * for each limit would cost a server more than the connection itself.
 */
export class Sweep {
  readonly clock: Clock;
  readonly #timers: Timers;
  readonly #period: number;
  readonly #members = new Set<Swept>();
  #timer: Disposable | undefined;

  constructor({ clock = monotonicClock, timers = systemTimers, period = 1000 }: SweepOptions = {}) {
    if (!(period > 0)) throw new RangeError('period must be greater than 0');
    this.clock = clock;
    this.#timers = timers;
    this.#period = period;
  }

  /** Number of members. */
  get size(): number {
    return this.#members.size;
  }

  add(member: Swept): void {
    this.#members.add(member);
    if (this.#timer === undefined) this.#wait();
  }

  delete(member: Swept): void {
    this.#members.delete(member);
    if (this.#members.size > 0) return;
    this.#timer?.[disposeSymbol]();
    this.#timer = undefined;
  }

  #wait(): void {
    this.#timer = this.#timers.after(this.#period, () => this.#look());
  }

  #look(): void {
    // Scheduled first, so that it continues if a member throws.
    this.#wait();
    const now = this.clock.now();
    for (const member of this.#members) member.sweep(now);
  }
}
