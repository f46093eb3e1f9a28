import type { Random, Timers } from '@dimp/core';

/** Hands bytes to a transport; resolves when it has taken them. */
export type Transmit<T> = (item: T) => Promise<void>;

/** What a {@link Transmission} is made with. */
export interface TransmissionOptions<T> {
  readonly transmit: Transmit<T>;
  readonly timers: Timers;
  readonly random: Random;
  /** Told why an item could not be handed over; it is tried again. */
  readonly onFailure: (error: unknown) => void;
}

/** First and longest pause after a failure, in milliseconds. */
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 60_000;

/**
 * Hands items to the transport one by one, in order. One that fails stays first and is tried again: after a pause that
 * doubles, or at once when somebody says that the connection is back.
 */
export class Transmission<T> {
  readonly #options: TransmissionOptions<T>;
  readonly #queue: T[] = [];
  #running: Promise<void> | undefined;
  #pause = FIRST_PAUSE;
  #retry: Disposable | undefined;
  #stopped = false;

  constructor(options: TransmissionOptions<T>) {
    this.#options = options;
  }

  /** How many items wait. */
  get size(): number {
    return this.#queue.length;
  }

  push(item: T): void {
    this.#queue.push(item);
    // While a retry is due, the connection is down: the others wait behind the first.
    if (this.#retry === undefined) this.#run();
  }

  /** Tries now, because the connection is back. */
  resume(): void {
    this.#retry?.[Symbol.dispose]();
    this.#retry = undefined;
    this.#pause = FIRST_PAUSE;
    this.#run();
  }

  /** Resolves when nothing more can be handed over for now. */
  async idle(): Promise<void> {
    await this.#running;
  }

  stop(): void {
    this.#stopped = true;
    this.#retry?.[Symbol.dispose]();
    this.#retry = undefined;
    this.#queue.length = 0;
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
      const item = this.#queue[0];
      if (item === undefined || this.#stopped) return;
      try {
        await this.#options.transmit(item);
      } catch (error) {
        if (this.#stopped) return;
        this.#options.onFailure(error);
        this.#retryLater();
        return;
      }
      // What was pushed meanwhile stands behind; `stop` may have emptied the queue.
      if (this.#queue[0] === item) this.#queue.shift();
      this.#pause = FIRST_PAUSE;
    }
  }

  #retryLater(): void {
    const delay = jitter(this.#pause, this.#options.random);
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
    this.#retry = this.#options.timers.after(delay, async () => {
      this.#retry = undefined;
      this.#run();
      await this.#running;
    });
  }
}

/** Half to all of a pause, so that clients which lost the same station do not come back all at once. */
export function jitter(pause: number, random: Random): number {
  return pause * (0.5 + (random.bytes(1)[0] ?? 0) / 512);
}
