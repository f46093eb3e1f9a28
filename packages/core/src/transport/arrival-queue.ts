import type { Clock } from '../ports/clock.ts';
import type { Arrival } from '../ports/transport.ts';

/** The connection behind an {@link ArrivalQueue}, as far as the queue knows it. */
export interface ArrivalSource<T> {
  /** Too much waits: nothing more is to be read from the network. */
  pause(): void;
  /** There is room again. */
  resume(): void;
  /**
   * What came of a payload is on disk.
   *
   * @param ticket - what the payload was pushed with
   */
  acknowledged(payload: Uint8Array, ticket: T): void;
  /** The reader has had a payload for long and did not acknowledge it: it counts no longer, and may come once more. */
  abandoned(payload: Uint8Array, ticket: T): void;
}

/** How much may wait in an {@link ArrivalQueue}. */
export interface ArrivalLimits {
  /** Most payloads that are not fetched or not acknowledged; 64 unless told. */
  readonly maxArrivals?: number;
  /** Most bytes of them; 1 MiB unless told. One payload more is let in. */
  readonly maxArrivalBytes?: number;
  /** Milliseconds a reader may take to acknowledge what it has fetched; 60,000 unless told. */
  readonly maxArrivalAge?: number;
}

/**
 * The payloads between a connection and its one reader: {@link Transport.incoming}. It tells the connection to pause while
 * too much is waiting, whether to be fetched or to be acknowledged.
 */
export class ArrivalQueue<T> implements AsyncIterable<Arrival> {
  readonly #source: ArrivalSource<T>;
  readonly #clock: Clock;
  #maxArrivals: number;
  #maxBytes: number;
  readonly #maxAge: number;
  /** These are made when they are needed: a server holds many connections on which nothing happens. */
  #queued: QueuedArrival<T>[] | undefined;
  #fetched: Set<QueuedArrival<T>> | undefined;
  #readers: Reader[] | undefined;
  #bytes = 0;
  #paused = false;
  #ended = false;
  #error: unknown;

  /** @param clock - one that is never set back */
  constructor(
    source: ArrivalSource<T>,
    clock: Clock,
    { maxArrivals = 64, maxArrivalBytes = 1024 * 1024, maxArrivalAge = 60_000 }: ArrivalLimits = {},
  ) {
    if (!(maxArrivals >= 1)) throw new RangeError('maxArrivals must be at least 1');
    this.#source = source;
    this.#clock = clock;
    this.#maxArrivals = maxArrivals;
    this.#maxBytes = maxArrivalBytes;
    this.#maxAge = maxArrivalAge;
  }

  /** Changes how much may wait, when it becomes known who the peer is. */
  setLimits({ maxArrivals = 64, maxArrivalBytes = 1024 * 1024 }: ArrivalLimits): void {
    this.#maxArrivals = maxArrivals;
    this.#maxBytes = maxArrivalBytes;
    this.#resumeIfFree();
  }

  /** Whether the connection was told to pause. */
  get paused(): boolean {
    return this.#paused;
  }

  /** How many payloads are not fetched or not acknowledged. */
  get size(): number {
    return (this.#queued?.length ?? 0) + (this.#fetched?.size ?? 0);
  }

  /** How many bytes they have together. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @param ticket - comes back when the payload is acknowledged */
  push(payload: Uint8Array, ticket: T): void {
    if (this.#ended) return;
    this.#bytes += payload.length;
    this.#queued ??= [];
    this.#queued.push(new QueuedArrival(this, payload, ticket));
    this.#serve();
    if (this.#paused || !this.#isFull(1)) return;
    this.#paused = true;
    this.#source.pause();
  }

  /**
   * Nothing more arrives. What is queued can still be fetched, but acknowledging it does nothing.
   *
   * @param error - what the reader gets behind it; without one, the end
   */
  end(error?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#fetched = undefined;
    this.#serve();
  }

  /** @param now - milliseconds of the queue's clock */
  sweep(now: number): void {
    if (this.#fetched === undefined) return;
    // In the order in which they were fetched.
    for (const arrival of this.#fetched) {
      if (now - arrival.fetchedAt <= this.#maxAge) break;
      this.#release(arrival);
      this.#source.abandoned(arrival.payload, arrival.ticket);
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<Arrival> {
    let waiting: Reader | undefined;
    return {
      next: () =>
        new Promise((resolve, reject) => {
          waiting = { resolve, reject };
          this.#readers ??= [];
          this.#readers.push(waiting);
          this.#serve();
        }),
      // A reader that has left must not swallow what the next one waits for.
      return: async () => {
        const index = waiting === undefined ? -1 : (this.#readers?.indexOf(waiting) ?? -1);
        if (index >= 0) this.#readers?.splice(index, 1);
        waiting?.resolve(DONE);
        return DONE;
      },
    };
  }

  /** For {@link QueuedArrival} alone. */
  acknowledge(arrival: QueuedArrival<T>): void {
    if (this.#ended) return;
    if (this.#release(arrival)) this.#source.acknowledged(arrival.payload, arrival.ticket);
  }

  #release(arrival: QueuedArrival<T>): boolean {
    if (this.#fetched?.delete(arrival) !== true) return false;
    if (this.#fetched.size === 0) this.#fetched = undefined;
    this.#bytes -= arrival.payload.length;
    this.#resumeIfFree();
    return true;
  }

  /** Not at the first free place, lest a connection that is nearly full pauses and resumes with every message. */
  #resumeIfFree(): void {
    if (!this.#paused || this.#isFull(0.5)) return;
    this.#paused = false;
    this.#source.resume();
  }

  #isFull(share: number): boolean {
    return this.size > this.#maxArrivals * share || this.#bytes > this.#maxBytes * share;
  }

  #serve(): void {
    if (this.#readers === undefined) return;
    while (this.#readers.length > 0) {
      const arrival = this.#queued?.shift();
      if (arrival === undefined && !this.#ended) return;
      const reader = this.#readers.shift();
      if (arrival !== undefined) {
        if (!this.#ended) {
          arrival.fetchedAt = this.#clock.now();
          this.#fetched ??= new Set();
          this.#fetched.add(arrival);
        }
        reader?.resolve({ done: false, value: arrival });
        if (this.#queued?.length === 0) this.#queued = undefined;
      } else if (this.#error === undefined) reader?.resolve(DONE);
      else reader?.reject(this.#error);
    }
    this.#readers = undefined;
  }
}

class QueuedArrival<T> implements Arrival {
  readonly payload: Uint8Array;
  readonly ticket: T;
  fetchedAt = 0;
  readonly #queue: ArrivalQueue<T>;

  constructor(queue: ArrivalQueue<T>, payload: Uint8Array, ticket: T) {
    this.#queue = queue;
    this.payload = payload;
    this.ticket = ticket;
  }

  acknowledge(): void {
    this.#queue.acknowledge(this);
  }
}

interface Reader {
  resolve(result: IteratorResult<Arrival>): void;
  reject(error: unknown): void;
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };
