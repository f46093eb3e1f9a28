import type { Random, Timers } from '@dimp/core';
import { disposeSymbol } from '@dimp/foundation';
import { type CopyRef, keyOf } from './outgoing-message.ts';
import { jitter } from './send-window.ts';

/** When an unconfirmed message is sent again, in milliseconds. */
export interface ResendPolicy {
  /** Pause before the first repetition. Each further pause is twice as long. */
  readonly firstAfter: number;
  /** The longest pause. */
  readonly atMostEvery: number;
  /**
   * Pause before a message is sent again that a station has and its receiver does not confirm. Each further pause is
   * twice as long.
   */
  readonly offeredAfter: number;
  /** The longest pause between two such repetitions. */
  readonly offeredAtMostEvery: number;
  /** Age at which a message is given up with `transport/timeout`. */
  readonly expiresAfter: number;
}

/**
 * After 15 s, 30 s, 1 min … every 10 min, for 7 days: as long as stations keep messages (spec §11.7). Messages that a
 * station has: after 2 h, 4 h, 8 h … every day.
 */
export const DEFAULT_RESEND_POLICY: ResendPolicy = /* @__PURE__ */ Object.freeze({
  firstAfter: 15_000,
  atMostEvery: 10 * 60_000,
  offeredAfter: 2 * 60 * 60_000,
  offeredAtMostEvery: 24 * 60 * 60_000,
  expiresAfter: 7 * 24 * 60 * 60_000,
});

/** Timers that send copies again until they are confirmed. */
export class ResendTimers {
  readonly #policy: ResendPolicy;
  readonly #timers: Timers;
  readonly #random: Random;
  readonly #due: (ref: CopyRef) => Promise<void>;
  readonly #scheduled = new Map<string, { readonly timer: Disposable; readonly pause: number }>();

  constructor(
    policy: ResendPolicy,
    timers: Timers,
    random: Random,
    due: (ref: CopyRef) => Promise<void>,
  ) {
    this.#policy = policy;
    this.#timers = timers;
    this.#random = random;
    this.#due = due;
  }

  /** Starts the timer of a copy that has been sent. Each pause is longer than the one before. */
  schedule(ref: CopyRef): void {
    const key = keyOf(ref);
    const before = this.#scheduled.get(key);
    before?.timer[disposeSymbol]();
    const { firstAfter, atMostEvery } = this.#policy;
    const pause = before === undefined ? firstAfter : Math.min(before.pause * 2, atMostEvery);
    const timer = this.#timers.after(jitter(pause, this.#random), () => this.#due(ref));
    this.#scheduled.set(key, { timer, pause });
  }

  cancel(ref: CopyRef): void {
    const key = keyOf(ref);
    this.#scheduled.get(key)?.timer[disposeSymbol]();
    this.#scheduled.delete(key);
  }

  stop(): void {
    for (const { timer } of this.#scheduled.values()) timer[disposeSymbol]();
    this.#scheduled.clear();
  }
}
