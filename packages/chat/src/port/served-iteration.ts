import type { Timers } from '@dimp/core';
import { deferred, disposeSymbol } from '@dimp/foundation';
import { packError } from './errors.ts';
import type { ToUser } from './messages.ts';

/** How long items are gathered for one message. */
const GATHER_MS = 16;
/** Most items of one message. */
const MAX_ITEMS = 64;

/** What {@link ServedIteration} needs of its port. */
export interface IterationPort {
  readonly timers: Timers;
  post(message: ToUser): void;
  /** The iteration is over. */
  ended(n: number): void;
}

/** An iteration for the other side, which asks for each item: nothing is read before somebody wants it. */
export class ServedIteration {
  readonly #n: number;
  readonly #iterator: AsyncIterator<unknown>;
  readonly #port: IterationPort;
  readonly #stop: AbortController;
  /** An item that was asked for and is not here yet. */
  #pending: Promise<IteratorResult<unknown>> | undefined;
  #busy = false;
  #over = false;

  /** @param stop - the signal of the iteration, aborted when it ends */
  constructor(
    n: number,
    items: AsyncIterable<unknown>,
    stop: AbortController,
    port: IterationPort,
  ) {
    this.#n = n;
    this.#iterator = items[Symbol.asyncIterator]();
    this.#stop = stop;
    this.#port = port;
  }

  /** Sends the next item, and those that follow it at once, but at most `count`. */
  next(count: number): void {
    if (this.#busy || this.#over) return;
    this.#busy = true;
    this.#answer(Math.max(1, Math.min(count, MAX_ITEMS))).catch((error: unknown) => {
      if (this.#over) return;
      this.#finish();
      this.#port.post({ t: 'no', n: this.#n, error: packError(error) });
    });
  }

  stop(): void {
    if (this.#over) return;
    this.#finish();
    // Not waited for: it may queue behind an item that never comes.
    void Promise.resolve(this.#iterator.return?.()).catch(() => undefined);
  }

  async #answer(count: number): Promise<void> {
    const items: unknown[] = [];
    const isOver = await this.#gather(items, count);
    if (this.#over) return;
    this.#busy = false;
    if (items.length > 0) this.#port.post({ t: 'items', n: this.#n, items });
    if (!isOver) return;
    this.#finish();
    this.#port.post({ t: 'end', n: this.#n });
  }

  /** @returns whether there are no more items */
  async #gather(items: unknown[], count: number): Promise<boolean> {
    const late = deferred<undefined>();
    let timer: Disposable | undefined;
    try {
      while (items.length < count && !this.#over) {
        this.#pending ??= this.#iterator.next();
        this.#pending.catch(() => undefined);
        const result = await (items.length === 0
          ? this.#pending
          : Promise.race([this.#pending, late.promise]));
        if (result === undefined) return false;
        this.#pending = undefined;
        if (result.done === true) return true;
        items.push(result.value);
        timer ??= this.#port.timers.after(GATHER_MS, () => late.resolve(undefined));
      }
      return false;
    } finally {
      timer?.[disposeSymbol]();
    }
  }

  #finish(): void {
    this.#over = true;
    this.#stop.abort();
    this.#port.ended(this.#n);
  }
}
