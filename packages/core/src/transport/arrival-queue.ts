import type { Clock } from '../ports/clock.ts';
import type { Arrival } from '../ports/transport.ts';

/** The connection behind an {@link ArrivalQueue}. */
export interface ArrivalSource<T> {
  /** Stops reading from the network, because too much waits. */
  pause(): void;
  /** Reads from the network again. */
  resume(): void;
  /**
   * The reader has acknowledged a payload.
   *
   * @param ticket - the ticket that the payload was pushed with
   */
  acknowledged(payload: Uint8Array, ticket: T): void;
  /** The reader did not acknowledge a payload in time. It no longer counts, and the peer may send it again. */
  abandoned(payload: Uint8Array, ticket: T): void;
}

/** Limits of an {@link ArrivalQueue}. */
export interface ArrivalLimits {
  /** Maximum number of payloads that are not read or not acknowledged; 64 by default. */
  readonly maxArrivals?: number;
  /** Maximum bytes of them; 1 MiB by default. One further payload is accepted. */
  readonly maxArrivalBytes?: number;
  /** Time in milliseconds for the reader to acknowledge a payload; 60,000 by default. */
  readonly maxArrivalAge?: number;
}

/**
 * Queue of payloads between a connection and its single reader, for {@link Transport.incoming}. Pauses the connection while too
 * much waits to be read or acknowledged.
 */
export class ArrivalQueue<T> implements AsyncIterable<Arrival> {
  readonly #source: ArrivalSource<T>;
  readonly #clock: Clock;
  #maxArrivals: number;
  #maxBytes: number;
  readonly #maxAge: number;
  /** Created on first use, because a server holds many idle connections. */
  #queued: QueuedArrival<T>[] | undefined;
  #fetched: Set<QueuedArrival<T>> | undefined;
  #readers: Reader[] | undefined;
  #bytes = 0;
  #paused = false;
  #ended = false;
  #error: unknown;

  /** @param clock - a monotonic clock */
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

  /** Changes the limits, for example once the peer has authenticated. */
  setLimits({ maxArrivals = 64, maxArrivalBytes = 1024 * 1024 }: ArrivalLimits): void {
    this.#maxArrivals = maxArrivals;
    this.#maxBytes = maxArrivalBytes;
    this.#resumeIfFree();
  }

  /** Whether the connection is paused. */
  get paused(): boolean {
    return this.#paused;
  }

  /** Number of payloads that are not read or not acknowledged. */
  get size(): number {
    return (this.#queued?.length ?? 0) + (this.#fetched?.size ?? 0);
  }

  /** Total bytes of these payloads. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a payload. @param ticket - passed back when the payload is acknowledged */
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
   * Ends the queue. Queued payloads can still be read, but acknowledging them does nothing.
   *
   * @param error - thrown to the reader after the last payload; without it, the iteration ends
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
    // In the order in which they were read.
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
      // A reader that has stopped must not take the payload of the next one.
      return: async () => {
        const index = waiting === undefined ? -1 : (this.#readers?.indexOf(waiting) ?? -1);
        if (index >= 0) this.#readers?.splice(index, 1);
        waiting?.resolve(DONE);
        return DONE;
      },
    };
  }

  /** Called by {@link QueuedArrival} only. */
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

  /** Resumes below a share of the limits, so that a nearly full connection does not pause and resume with every message. */
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
