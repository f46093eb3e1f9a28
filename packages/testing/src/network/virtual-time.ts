import type { Clock, Timers } from '@dimp/core';
import type { MaybePromise } from '@dimp/foundation';

/** When a run ends. */
export interface RunLimits {
  /** Ends it; asked after each event. */
  readonly until?: () => boolean;
  /** Most events; a million by default. More is an error: something goes in circles. */
  readonly maxEvents?: number;
  /** Real milliseconds that one event may take; 30 s by default. Longer is an error: something hangs. */
  readonly watchdog?: number;
}

interface Event {
  readonly time: number;
  readonly order: number;
  readonly task: () => MaybePromise<void>;
  cancelled: boolean;
}

/**
 * Time that passes from event to event, and as fast as they can be run. The next event begins when the one before has
 * ended, its promises included: how long real work takes changes nothing.
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
  readonly #heap: Event[] = [];
  #now: number;
  #order = 0;
  #done = 0;

  /** @param start - milliseconds since the epoch */
  constructor(start = 1_700_000_000_000) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  /** How many events have been run. */
  get events(): number {
    return this.#done;
  }

  after(delay: number, task: () => MaybePromise<void>): Disposable {
    const time = this.#now + Math.max(0, delay);
    const event: Event = { time, order: this.#order++, task, cancelled: false };
    this.#push(event);
    return {
      [Symbol.dispose]: () => {
        event.cancelled = true;
      },
    };
  }

  /**
   * Runs events until there are none, or until a limit.
   *
   * @returns whether `until` ended it
   * @throws what an event throws; an `Error` above a limit
   */
  async run({ until, maxEvents = 1_000_000, watchdog = 30_000 }: RunLimits = {}): Promise<boolean> {
    const last = this.#done + maxEvents;
    for (let event = this.#pop(); event !== undefined; event = this.#pop()) {
      if (event.cancelled) continue;
      if (this.#done >= last) throw new Error(`more than ${maxEvents} events`);
      this.#now = Math.max(this.#now, event.time);
      this.#done += 1;
      await watched(event.task, watchdog, () => `event ${this.#done} at ${this.#now} hangs`);
      if (until?.()) return true;
    }
    return until?.() ?? false;
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

async function watched(
  task: () => MaybePromise<void>,
  limit: number,
  complaint: () => string,
): Promise<void> {
  const running = task();
  if (running === undefined) return;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const hanging = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(complaint())), limit);
  });
  try {
    await Promise.race([running, hanging]);
  } finally {
    clearTimeout(timer);
  }
}
