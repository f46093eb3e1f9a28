import { type Clock, type Store, type StoreChange, sleep, type Timers } from '@dimp/core';
import { disposeSymbol } from '@dimp/foundation';
import type { StationMetrics } from '../metrics/metrics.ts';

/** Told when a change is on the disk, or why it is not. */
export type Settled = (error?: unknown) => void;

/** What a {@link GroupCommit} is made with. */
export interface GroupCommitOptions {
  readonly store: Store;
  readonly timers: Timers;
  /** Told of every batch that was to write something: undefined if it was written. */
  readonly onBatch: (error: unknown) => void;
  readonly clock: Clock;
  readonly metrics: StationMetrics;
}

/** Most bytes and changes of one batch. */
const MAX_BATCH_BYTES = 8 * 1024 * 1024;
const MAX_BATCH_CHANGES = 4096;
/** From here on, whoever hands in more has to wait, in bytes. */
const CROWDED = 32 * 1024 * 1024;
/** Least time from one batch to the next, in milliseconds: each costs as much as several messages. */
const PACE = 5;
/** How long removals wait for company, in milliseconds, and how long after they have failed. */
const REMOVAL_DELAY = 100;
const REMOVAL_RETRY = 5000;

/**
 * Writes many small changes as few batches: all that come while one is being written share the next. Removals are in no
 * hurry; they go with the next batch, and what a crash makes of them is a message that comes twice.
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
  /** When the last batch began, in milliseconds. */
  #began = Number.NEGATIVE_INFINITY;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  /** Bytes that wait to be written. */
  get waiting(): number {
    return this.#bytes;
  }

  /** Writes an entry; `settled` hears when it is on the disk. */
  write(change: StoreChange & { readonly type: 'set' }, settled: Settled): void {
    this.#changes.push(change);
    this.#settled.push(settled);
    this.#bytes += change.value.length;
    this.#options.metrics.change('queue.commit', 1);
    this.#running ??= this.#run();
  }

  /** Removes an entry, soon. */
  remove(key: StoreChange['key']): void {
    this.#removals.push({ type: 'delete', key });
    if (this.#removals.length < MAX_BATCH_CHANGES || this.#running !== undefined) {
      this.#timer ??= this.#later(REMOVAL_DELAY);
    } else this.#running = this.#run();
  }

  /** Waits until there is room for more; undefined if there is. */
  room(): Promise<void> | undefined {
    if (this.#bytes < CROWDED) return undefined;
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
    });
  }

  /** Writes whatever waits, once: removals that fail are left to the next life. */
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
    // What else comes in this turn is in the queue by then.
    await Promise.resolve();
    do {
      await this.#pause();
      await Promise.all([this.#commitRemovals(), this.#commitChanges()]);
    } while (this.#changes.length > 0);
    this.#running = undefined;
  }

  /** The first of several messages is written at once; those that follow closely wait for company. */
  async #pause(): Promise<void> {
    const { clock, timers } = this.#options;
    const rest = this.#began + PACE - clock.now();
    // A clock that was set back must not let anybody wait for long.
    if (rest > 0 && rest <= PACE) await sleep(rest, timers);
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

  /** In a batch of their own: on a full disk they are what makes room, and writing would take them down with it. */
  async #commitRemovals(): Promise<void> {
    const removals = this.#removals.splice(0);
    if (removals.length === 0) return;
    this.#forgetTimer();
    const error = await this.#batch(removals);
    // A full disk still takes them, so their success says nothing of how the store is.
    if (error === undefined) return;
    this.#options.onBatch(error);
    this.#removals = removals.concat(this.#removals);
    this.#timer ??= this.#later(REMOVAL_RETRY);
  }

  /** @returns what it failed with */
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
