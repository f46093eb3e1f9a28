import { type Clock, type Store, type StoreChange, sleep, type Timers } from '@dimp/core';
import { disposeSymbol } from '@dimp/foundation';
import type { StationMetrics } from '../metrics/metrics.ts';

/** Called when a change is on the disk, or with the error that prevented it. */
export type Settled = (error?: unknown) => void;

/** Options for {@link GroupCommit}. */
export interface GroupCommitOptions {
  readonly store: Store;
  readonly timers: Timers;
  /** Called after each batch, with its error or undefined. */
  readonly onBatch: (error: unknown) => void;
  readonly clock: Clock;
  readonly metrics: StationMetrics;
}

/** Most bytes and changes of one batch. */
const MAX_BATCH_BYTES = 8 * 1024 * 1024;
const MAX_BATCH_CHANGES = 4096;
/** Waiting bytes from which {@link GroupCommit.room} makes callers wait. */
const CROWDED = 32 * 1024 * 1024;
/** Minimum time between the starts of two batches: a batch costs as much as several messages. */
const BATCH_INTERVAL_MS = 5;
/** Delay of removals, so that they share a batch, and delay after a failure. */
const REMOVAL_DELAY_MS = 100;
const REMOVAL_RETRY_MS = 5000;

/**
 * Writes many small changes in few batches: changes that arrive while a batch is being written share the next one.
 * Removals are delayed, because a removal lost in a crash only means that a message is delivered twice.
 */
export class GroupCommit {
  readonly #options: GroupCommitOptions;
  #changes: StoreChange[] = [];
  #settled: Settled[] = [];
  #bytes = 0;
  #removals: StoreChange[] = [];
  #timer: Disposable | undefined;
  #running: Promise<void> | undefined;
  #waiters: (() => void)[] = [];
  /** Start of the last batch. */
  #began = Number.NEGATIVE_INFINITY;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  /** Bytes waiting to be written. */
  get waiting(): number {
    return this.#bytes;
  }

  /** Writes an entry; `settled` is called when it is on the disk. */
  write(change: StoreChange & { readonly type: 'set' }, settled: Settled): void {
    this.#changes.push(change);
    this.#settled.push(settled);
    this.#bytes += change.value.length;
    this.#options.metrics.change('queue.commit', 1);
    this.#running ??= this.#run();
  }

  /** Removes an entry with one of the next batches. */
  remove(key: StoreChange['key']): void {
    this.#removals.push({ type: 'delete', key });
    if (this.#removals.length < MAX_BATCH_CHANGES || this.#running !== undefined) {
      this.#timer ??= this.#later(REMOVAL_DELAY_MS);
    } else this.#running = this.#run();
  }

  /** Returns a promise that resolves when there is room for more changes; undefined if there is room now. */
  room(): Promise<void> | undefined {
    if (this.#bytes < CROWDED) return undefined;
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
    });
  }

  /** Writes everything that waits, once. Removals that fail are repeated after the next start. */
  async flush(): Promise<void> {
    this.#forgetTimer();
    while (this.#running !== undefined) await this.#running;
    if (this.#removals.length > 0) {
      this.#running = this.#run();
      await this.#running;
    }
    this.#forgetTimer();
  }

  async #run(): Promise<void> {
    // Further changes of this turn of the event loop join the batch.
    await Promise.resolve();
    do {
      await this.#pause();
      await Promise.all([this.#commitRemovals(), this.#commitChanges()]);
    } while (this.#changes.length > 0);
    this.#running = undefined;
  }

  /** Waits for the pace: the first change is written at once, and those that follow closely share a batch. */
  async #pause(): Promise<void> {
    const { clock, timers } = this.#options;
    const rest = this.#began + BATCH_INTERVAL_MS - clock.now();
    // After the clock was set back, the wait must not become long.
    if (rest > 0 && rest <= BATCH_INTERVAL_MS) await sleep(rest, timers);
    this.#began = clock.now();
  }

  async #commitChanges(): Promise<void> {
    if (this.#changes.length === 0) return;
    const { changes, settled, bytes } = this.#take();
    const { clock, metrics } = this.#options;
    const began = clock.now();
    const error = await this.#batch(changes);
    this.#options.onBatch(error);
    metrics.observe('commit.seconds', (clock.now() - began) / 1000);
    metrics.observe('commit.messages', changes.length);
    metrics.change('queue.commit', -changes.length);
    this.#bytes -= bytes;
    for (const each of settled) each(error);
    if (this.#bytes >= CROWDED) return;
    for (const resolve of this.#waiters.splice(0)) resolve();
  }

  /** Commits removals in a batch of their own: on a full disk they free space, while a batch with writes would fail. */
  async #commitRemovals(): Promise<void> {
    const removals = this.#removals.splice(0);
    if (removals.length === 0) return;
    this.#forgetTimer();
    const error = await this.#batch(removals);
    // They succeed even on a full disk, so their success says nothing about the store.
    if (error === undefined) return;
    this.#options.onBatch(error);
    this.#removals = removals.concat(this.#removals);
    this.#timer ??= this.#later(REMOVAL_RETRY_MS);
  }

  /** @returns the error, or undefined */
  async #batch(changes: readonly StoreChange[]): Promise<unknown> {
    try {
      await this.#options.store.batch(changes);
      return undefined;
    } catch (error) {
      return error ?? new Error('the store failed');
    }
  }

  #take(): { changes: StoreChange[]; settled: Settled[]; bytes: number } {
    let bytes = 0;
    let count = 0;
    for (const change of this.#changes) {
      const length = change.type === 'set' ? change.value.length : 0;
      if (count > 0 && bytes + length > MAX_BATCH_BYTES) break;
      bytes += length;
      count += 1;
      if (count === MAX_BATCH_CHANGES) break;
    }
    if (count === this.#changes.length) {
      const whole = { changes: this.#changes, settled: this.#settled, bytes };
      this.#changes = [];
      this.#settled = [];
      return whole;
    }
    const changes = this.#changes.splice(0, count);
    return { changes, settled: this.#settled.splice(0, count), bytes };
  }

  #later(delay: number): Disposable {
    return this.#options.timers.after(delay, () => {
      this.#timer = undefined;
      this.#running ??= this.#run();
    });
  }

  #forgetTimer(): void {
    this.#timer?.[disposeSymbol]();
    this.#timer = undefined;
  }
}
