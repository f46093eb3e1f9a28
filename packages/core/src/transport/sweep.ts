import { disposeSymbol } from '@dimp/foundation';
import type { Clock } from '../ports/clock.ts';
import { systemTimers, type Timers } from '../ports/timers.ts';

/** Something with limits of time. */
export interface Swept {
  /** @param now - milliseconds of the clock of the {@link Sweep} */
  sweep(now: number): void;
}

/** What a {@link Sweep} is made with. */
export interface SweepOptions {
  /** Only differences of its time matter; {@link monotonicClock} unless told. */
  readonly clock?: Clock;
  readonly timers?: Timers;
  /** Milliseconds from one look to the next, and so the precision of all limits; 1,000 unless told. */
  readonly period?: number;
}

/** A clock that no correction of the time moves: milliseconds since the program began. */
export const monotonicClock: Clock = { now: () => performance.now() };

/**
 * Looks at the time for any number of connections with one timer, which runs while there are any. A timer of its own for
 * each limit of each connection would cost a server more than the connection does.
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

  /** How many are looked after. */
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
    // First, so that the failure of one member is not the end of it.
    this.#wait();
    const now = this.clock.now();
    for (const member of this.#members) member.sweep(now);
  }
}
