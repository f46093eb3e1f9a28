import type { Random, Timers } from '@dimp/core';
import { disposeSymbol } from '@dimp/foundation';

/** Hands an item over; resolves when the peer has it. */
export type HandOver = () => Promise<void>;

/** What a {@link SendWindow} is made with. */
export interface SendWindowOptions<T> {
  /**
   * Gets an item ready. One is called after the other, so that items are handed over in their order, however long it takes
   * to read one.
   *
   * @returns how to hand it over; undefined if there is nothing to hand over any more
   */
  readonly prepare: (item: T) => Promise<HandOver | undefined>;
  readonly timers: Timers;
  readonly random: Random;
  /** Told why an item could not be handed over; it is tried again. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * How many items may be unacknowledged at a time: a peer acknowledges what is on its disk, which takes a round trip and a
 * write, and many of them pass in one.
 */
export const SEND_WINDOW = 32;

/** First and longest pause after a failure, in milliseconds. */
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 60_000;

/** An object of its own for each item: the same one may stand in the queue twice. */
interface Slot<T> {
  readonly item: T;
}

/**
 * Hands items to the transport in order, some of them at a time. When one fails, everything that is not acknowledged is
 * handed over again, in order: after a pause that doubles, or at once when somebody says that the connection is back.
 */
export class SendWindow<T> {
  readonly #options: SendWindowOptions<T>;
  /** What is not acknowledged, in order: at the front what is under way. */
  readonly #queue: Slot<T>[] = [];
  #underWay = 0;
  #failed = false;
  /** Somebody has said that the connection is back, while what failed was coming to its end. */
  #resumed = false;
  #running: Promise<void> | undefined;
  #changed: (() => void) | undefined;
  #pause = FIRST_PAUSE;
  #retry: Disposable | undefined;
  #stopped = false;

  constructor(options: SendWindowOptions<T>) {
    this.#options = options;
  }

  /** How many items are not acknowledged. */
  get size(): number {
    return this.#queue.length;
  }

  push(item: T): void {
    this.#queue.push({ item });
    this.#changed?.();
    // While a retry is due, the connection is down: the others wait behind the first.
    if (this.#retry === undefined) this.#run();
  }

  /** Tries now, because the connection is back. */
  resume(): void {
    this.#retry?.[disposeSymbol]();
    this.#retry = undefined;
    this.#pause = FIRST_PAUSE;
    this.#resumed = this.#failed;
    this.#run();
  }

  /** Resolves when nothing more can be handed over for now, and what was is acknowledged. */
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

  /** The item to be handed over now, if there is one and none has failed. */
  #next(): Slot<T> | undefined {
    if (this.#stopped || this.#failed || this.#underWay >= SEND_WINDOW) return undefined;
    // What is acknowledged has left the queue, so those before it are under way.
    return this.#queue[this.#underWay];
  }

  async #handOver(slot: Slot<T>): Promise<void> {
    this.#underWay += 1;
    try {
      const handOver = await this.#options.prepare(slot.item);
      // What failed meanwhile goes first.
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
    this.#pause = FIRST_PAUSE;
    // `stop` may have emptied the queue.
    const place = this.#queue.indexOf(slot);
    if (place !== -1) this.#queue.splice(place, 1);
    this.#landed();
  }

  #fail(error: unknown): void {
    const first = !this.#failed;
    this.#failed = true;
    this.#landed();
    // The others fail for the same reason.
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

  /** @returns whether it may be tried again at once */
  #again(): boolean {
    this.#failed = false;
    if (this.#resumed) {
      this.#resumed = false;
      return true;
    }
    const delay = jitter(this.#pause, this.#options.random);
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
    this.#retry = this.#options.timers.after(delay, async () => {
      this.#retry = undefined;
      this.#run();
      await this.#running;
    });
    return false;
  }
}

/** Half to all of a pause, so that clients which lost the same station do not come back all at once. */
export function jitter(pause: number, random: Random): number {
  return pause * (0.5 + (random.bytes(1)[0] ?? 0) / 512);
}
