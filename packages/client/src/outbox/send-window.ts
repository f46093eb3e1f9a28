import type { Random, Timers } from '@dimp/core';
import { disposeSymbol } from '@dimp/foundation';

/** Sends an item. Resolves when the peer has it. */
export type HandOver = () => Promise<void>;

/** Options for {@link SendWindow}. */
export interface SendWindowOptions<T> {
  /**
   * Prepares an item. Calls do not overlap, so items are sent in order, however long it takes to read one.
   *
   * @returns a function that sends it; undefined if it need not be sent any more
   */
  readonly prepare: (item: T) => Promise<HandOver | undefined>;
  readonly timers: Timers;
  readonly random: Random;
  /** Called when an item could not be sent. It will be sent again. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * Limit on unacknowledged items. An acknowledgement takes a round trip and a write to the peer's disk, and many items
 * share one.
 */
export const SEND_WINDOW = 32;

/** First and longest pause after a failure. */
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;

/** A wrapper for each item, because the same item may be queued twice. */
interface Slot<T> {
  readonly item: T;
}

/**
 * Sends items in order, several at a time. When one fails, all unacknowledged items are sent again, in order: after a
 * pause that doubles, or at once when the connection is back.
 */
export class SendWindow<T> {
  readonly #options: SendWindowOptions<T>;
  /** Unacknowledged items in order. Those in flight are at the front. */
  readonly #queue: Slot<T>[] = [];
  #underWay = 0;
  #failed = false;
  /** The connection came back while failed items were still in flight. */
  #resumed = false;
  #running: Promise<void> | undefined;
  #changed: (() => void) | undefined;
  #pause = FIRST_PAUSE_MS;
  #retry: Disposable | undefined;
  #stopped = false;

  constructor(options: SendWindowOptions<T>) {
    this.#options = options;
  }

  /** Number of unacknowledged items. */
  get size(): number {
    return this.#queue.length;
  }

  push(item: T): void {
    this.#queue.push({ item });
    this.#changed?.();
    // While a retry is scheduled, the connection is down, so other items wait.
    if (this.#retry === undefined) this.#run();
  }

  /** Sends now, because the connection is back. */
  resume(): void {
    this.#retry?.[disposeSymbol]();
    this.#retry = undefined;
    this.#pause = FIRST_PAUSE_MS;
    this.#resumed = this.#failed;
    this.#run();
  }

  /** Resolves when nothing more can be sent for now, and all sent items are acknowledged. */
  async idle(): Promise<void> {
    await this.#running;
  }

  stop(): void {
    this.#stopped = true;
    this.#retry?.[disposeSymbol]();
    this.#retry = undefined;
    this.#queue.length = 0;
    this.#changed?.();
  }

  #run(): void {
    if (this.#stopped || this.#running !== undefined || this.#queue.length === 0) return;
    this.#running = this.#work().finally(() => {
      this.#running = undefined;
      if (this.#retry === undefined) this.#run();
    });
  }

  async #work(): Promise<void> {
    for (;;) {
      const slot = this.#next();
      if (slot !== undefined) await this.#handOver(slot);
      else if (this.#underWay > 0) await this.#change();
      else if (this.#stopped || !this.#failed) return;
      else if (!this.#again()) return;
    }
  }

  /** The next item to send, if there is one and none has failed. */
  #next(): Slot<T> | undefined {
    if (this.#stopped || this.#failed || this.#underWay >= SEND_WINDOW) return undefined;
    // Acknowledged items have left the queue, so those before this one are in flight.
    return this.#queue[this.#underWay];
  }

  async #handOver(slot: Slot<T>): Promise<void> {
    this.#underWay += 1;
    try {
      const handOver = await this.#options.prepare(slot.item);
      // Items that failed meanwhile go first.
      if (handOver !== undefined && (this.#failed || this.#stopped)) this.#landed();
      else void this.#follow(slot, handOver?.());
    } catch (error) {
      this.#fail(error);
    }
  }

  async #follow(slot: Slot<T>, underWay: Promise<void> | undefined): Promise<void> {
    try {
      await underWay;
    } catch (error) {
      return this.#fail(error);
    }
    this.#pause = FIRST_PAUSE_MS;
    // `stop` may have emptied the queue.
    const place = this.#queue.indexOf(slot);
    if (place !== -1) this.#queue.splice(place, 1);
    this.#landed();
  }

  #fail(error: unknown): void {
    const first = !this.#failed;
    this.#failed = true;
    this.#landed();
    // The other items fail for the same reason.
    if (first && !this.#stopped) this.#options.onFailure(error);
  }

  #landed(): void {
    this.#underWay -= 1;
    this.#changed?.();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#changed = resolve;
    });
  }

  /** @returns whether to try again at once */
  #again(): boolean {
    this.#failed = false;
    if (this.#resumed) {
      this.#resumed = false;
      return true;
    }
    const delay = jitter(this.#pause, this.#options.random);
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
    this.#retry = this.#options.timers.after(delay, async () => {
      this.#retry = undefined;
      this.#run();
      await this.#running;
    });
    return false;
  }
}

/** Returns half to all of a pause, so that clients of a restarted station do not return all at once. */
export function jitter(pause: number, random: Random): number {
  return pause * (0.5 + (random.bytes(1)[0] ?? 0) / 512);
}
