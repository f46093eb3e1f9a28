import type { Clock, Timers } from '@dimp/core';
import { disposeSymbol, type MaybePromise } from '@dimp/foundation';

/** When a run ends. */
export interface RunLimits {
  /** Whether the run ends; called after each event. */
  readonly until?: () => boolean;
  /** Most events, a million by default. More is an error, probably an endless loop. */
  readonly maxEvents?: number;
  /** Real milliseconds that one event may take, 30 s by default. Longer is an error. */
  readonly watchdog?: number;
  /** More about the run, such as its seed, for error messages. */
  readonly describe?: () => string;
}

interface Event {
  readonly time: number;
  readonly order: number;
  /** Undefined once it has been cancelled, so that the task's memory is freed at once. */
  task: (() => MaybePromise<void>) | undefined;
}

/** Cancelled events stay in the heap until there are as many as others, and more than this. */
const FEW = 64;

/**
 * Time that passes from event to event, as fast as they can run. The next event begins when the previous one has
 * ended with all its promises, so the duration of real work changes nothing.
 *
 * @example
 * ```ts
 * const time = new VirtualTime();
 * time.after(60_000, () => console.log(time.now()));
 * await time.run();
 * ```
 */
export class VirtualTime implements Clock, Timers {
  /** A binary heap by time and order. */
  #heap: Event[] = [];
  readonly #start: number;
  #cancelled = 0;
  #now: number;
  #order = 0;
  #done = 0;

  /** @param start - milliseconds since the epoch */
  constructor(start = 1_700_000_000_000) {
    this.#start = start;
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  /** Number of events that have run. */
  get events(): number {
    return this.#done;
  }

  /** Number of planned events. */
  get planned(): number {
    return this.#heap.length - this.#cancelled;
  }

  /** Number of events in memory. Cancelled events free their tasks at once and are removed later. */
  get held(): number {
    return this.#heap.length;
  }

  /** @throws `RangeError` for a delay that is not a number */
  after(delay: number, task: () => MaybePromise<void>): Disposable {
    if (Number.isNaN(delay)) throw new RangeError('delay must be a number');
    const event: Event = { time: this.#now + Math.max(0, delay), order: this.#order++, task };
    this.#push(event);
    return {
      [disposeSymbol]: () => {
        if (event.task === undefined) return;
        event.task = undefined;
        this.#cancelled += 1;
        if (this.#cancelled > FEW && this.#cancelled * 2 > this.#heap.length) this.#sweep();
      },
    };
  }

  /**
   * Runs events until none is left, or until a limit.
   *
   * @returns whether `until` ended it
   * @throws `Error` with event and time if an event fails or hangs, with its error as the `cause`, or above `maxEvents`
   */
  async run(limits: RunLimits = {}): Promise<boolean> {
    const { until, maxEvents = 1_000_000, watchdog = 30_000, describe } = limits;
    const last = this.#done + maxEvents;
    const report = (what: string, cause?: unknown): Error => {
      const after = `event ${this.#done}, ${this.#now - this.#start} ms after the start`;
      const more = describe === undefined ? '' : `; ${describe()}`;
      return new Error(`${what} (${after}${more})`, cause === undefined ? {} : { cause });
    };
    for (let event = this.#next(); event !== undefined; event = this.#next()) {
      if (this.#done >= last) {
        this.#push(event);
        throw report(`there are more than ${maxEvents} events`);
      }
      this.#now = Math.max(this.#now, event.time);
      this.#done += 1;
      await watched(begin(event), watchdog, report);
      if (until?.()) return true;
    }
    return until?.() ?? false;
  }

  /** The first event that has not been cancelled. */
  #next(): Event | undefined {
    for (let event = this.#pop(); event !== undefined; event = this.#pop()) {
      if (isPlanned(event)) return event;
      this.#cancelled -= 1;
    }
    return undefined;
  }

  /** Removes cancelled events. A sorted array is a heap. */
  #sweep(): void {
    this.#heap = this.#heap.filter(isPlanned).sort((a, b) => (isBefore(a, b) ? -1 : 1));
    this.#cancelled = 0;
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!isBefore(event, heap[parent] as Event)) break;
      heap[at] = heap[parent] as Event;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= heap.length) break;
      const right = left + 1;
      const smaller =
        right < heap.length && isBefore(heap[right] as Event, heap[left] as Event) ? right : left;
      if (!isBefore(heap[smaller] as Event, last)) break;
      heap[at] = heap[smaller] as Event;
      at = smaller;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order);
}

function isPlanned({ task }: Event): boolean {
  return task !== undefined;
}

/** From now on it cannot be cancelled. */
function begin(event: Event): () => MaybePromise<void> {
  const { task = () => {} } = event;
  event.task = undefined;
  return task;
}

async function watched(
  task: () => MaybePromise<void>,
  limit: number,
  report: (what: string, cause?: unknown) => Error,
): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let outcome: unknown;
  try {
    const running = task();
    if (running === undefined) return;
    const hanging = new Promise<'hanging'>((resolve) => {
      timer = setTimeout(() => resolve('hanging'), limit);
    });
    outcome = await Promise.race([running, hanging]);
  } catch (error) {
    throw report(error instanceof Error ? error.message : String(error), error);
  } finally {
    clearTimeout(timer);
  }
  if (outcome === 'hanging') throw report(`an event takes longer than ${limit} ms`);
}
