import type { Random, Timers } from '@dimp/core';
import { disposeSymbol } from '@dimp/foundation';
import { type CopyRef, keyOf } from './outgoing-message.ts';
import { jitter } from './send-window.ts';

/** When a message that nobody confirms is sent again, in milliseconds. */
export interface ResendPolicy {
  /** Before the first repetition; each further pause is twice as long. */
  readonly firstAfter: number;
  /** The longest pause. */
  readonly atMostEvery: number;
  /**
   * Before a message that a station says to have, and that its receiver does not confirm, is offered again; each further
   * pause is twice as long.
   */
  readonly offeredAfter: number;
  /** The longest pause between two such offers. */
  readonly offeredAtMostEvery: number;
  /** A message older than this is given up: `transport/timeout`. */
  readonly expiresAfter: number;
}

/**
 * After 15 s, 30 s, 1 min … every 10 min, for 7 days: as long as stations keep messages (spec §11.7). What a station has:
 * after 2 h, 4 h, 8 h … every day.
 */
export const DEFAULT_RESEND_POLICY: ResendPolicy = /* @__PURE__ */ Object.freeze({
  firstAfter: 15_000,
  atMostEvery: 10 * 60_000,
  offeredAfter: 2 * 60 * 60_000,
  offeredAtMostEvery: 24 * 60 * 60_000,
  expiresAfter: 7 * 24 * 60 * 60_000,
});

/** Timers that send copies again until somebody confirms them. */
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

  /** A copy has been handed to the transport: it will be due again, later each time. */
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
