import { type Store, type StoreChange, type StoreKey, withLock } from '@dimp/core';
import type { MaybePromise } from '@dimp/foundation';
import { type HeldLock, holdLock, SEVERAL_LOCKS } from '../services/locks.ts';
import { PendingChanges } from '../services/pending-changes.ts';

/** Callbacks for the end of a batch. */
export interface Afterwards {
  /** Its changes are on disk. */
  readonly done?: () => void;
  /** Its changes were not written, and will not be. */
  readonly failed?: () => void;
}

/** Members of a store that the parts of the receiver use. */
export type Records = Omit<
  Store,
  'capabilities' | 'sharing' | 'close' | typeof Symbol.asyncDispose
>;

/** A batch that is not written yet. */
interface OpenBatch {
  readonly changes: PendingChanges;
  readonly afterwards: Afterwards[];
  readonly locks: Map<string, HeldLock>;
}

/**
 * Store of the receiver. While a batch is open, changes wait for it, and reads see them. So many messages cost one write to the
 * disk. At other times changes are written at once.
 */
export class BatchedStore implements Records {
  readonly #store: Store;
  #open: OpenBatch | undefined;
  /** Changes that are being written. Reads see them already. */
  #writing: PendingChanges | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * Runs a task and then writes all changes that were made meanwhile, in one batch. Calls must not overlap.
   *
   * @throws the error of the task, whose changes are written all the same; the error of the store, if they could not be written
   */
  async together<T>(task: () => Promise<T>): Promise<T> {
    const batch: OpenBatch = {
      changes: new PendingChanges(this.#store),
      afterwards: [],
      locks: new Map(),
    };
    this.#open = batch;
    try {
      return await task();
    } finally {
      this.#open = undefined;
      await this.#write(batch);
    }
  }

  /** Registers callbacks for the end of the open batch. Without an open batch, changes are on disk already. */
  afterwards(task: Afterwards): void {
    if (this.#open === undefined) task.done?.();
    else this.#open.afterwards.push(task);
  }

  /** Takes locks, and holds them until the open batch is written. */
  async hold(names: readonly string[]): Promise<void> {
    const batch = this.#open;
    if (batch === undefined) throw new TypeError('locks must be held for a batch');
    for (const name of names.length === 0 ? [] : [SEVERAL_LOCKS, ...names]) {
      if (!batch.locks.has(name)) batch.locks.set(name, await holdLock(this.#store, name));
    }
  }

  get(key: StoreKey): MaybePromise<Uint8Array | undefined> {
    return this.#view.get(key);
  }

  list(prefix: StoreKey): AsyncIterable<readonly [key: StoreKey, value: Uint8Array]> {
    return this.#view.list(prefix);
  }

  set(key: StoreKey, value: Uint8Array): MaybePromise<void> {
    return this.batch([{ type: 'set', key, value }]);
  }

  delete(key: StoreKey): MaybePromise<void> {
    return this.batch([{ type: 'delete', key }]);
  }

  batch(changes: readonly StoreChange[]): MaybePromise<void> {
    if (this.#open === undefined) return this.#store.batch(changes);
    this.#open.changes.add(changes);
  }

  /** Writes at once: nothing that waits for a batch is compared. */
  compareAndSet(
    key: StoreKey,
    expected: Uint8Array | undefined,
    value: Uint8Array | undefined,
  ): MaybePromise<boolean> {
    return this.#store.compareAndSet(key, expected, value);
  }

  get #view(): Pick<Store, 'get' | 'list'> {
    return this.#open?.changes ?? this.#writing ?? this.#store;
  }

  async #write({ changes: pending, afterwards, locks }: OpenBatch): Promise<void> {
    this.#writing = pending;
    const { changes } = pending;
    let isWritten = false;
    try {
      if (changes.length > 0) await this.#store.batch(changes);
      isWritten = true;
    } finally {
      this.#writing = undefined;
      for (const lock of locks.values()) lock.release();
      for (const { done, failed } of afterwards) (isWritten ? done : failed)?.();
    }
  }
}

/** Runs a task under a lock of all tabs on a store; at once if no other tab can be on it. */
export function amongTabs<T>(store: Store, name: string, task: () => Promise<T>): Promise<T> {
  return store.sharing === undefined ? task() : withLock(store, name, task);
}
