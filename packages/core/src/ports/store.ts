import type { Handle, MaybePromise } from '@dimp/foundation';

/**
 * A path in a store, such as `['metas', 'hulk@4Ye…']`. Order is part by part, by UTF-16 code units. What a path may be
 * says `checkStoreKey`.
 */
export type StoreKey = readonly string[];

/** One change of an atomic batch. */
export type StoreChange =
  | { readonly type: 'set'; readonly key: StoreKey; readonly value: Uint8Array }
  | { readonly type: 'delete'; readonly key: StoreKey };

/** What a driver promises beyond the methods. */
export interface StoreCapabilities {
  /** An acknowledged write outlives the process. */
  readonly durable: boolean;
  /** Several processes or tabs may use it at once, see {@link Store.sharing}. */
  readonly shared: boolean;
}

/** How several users of one store — the tabs of a browser, say — get along with each other. */
export interface StoreSharing {
  /**
   * Runs a task while nobody else who uses this store runs one under the same name; waits its turn first.
   *
   * @param signal - ends the waiting with its reason; a task that has begun goes on
   * @returns what the task returns
   */
  lock<T>(name: string, task: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  /**
   * Hears which records somebody else has changed, after the change. Own changes are not reported. An empty path among
   * them says that anything may have changed.
   */
  watch(listener: (keys: readonly StoreKey[]) => void): Handle;
}

/**
 * Where everything that has to last is kept: ordered bytes by path. A driver may answer at once or later.
 *
 * Changes take effect in the order of the calls. One that is not acknowledged yet may be seen by reads or not. Bytes are
 * copied both ways: what the caller does with its arrays afterwards changes nothing.
 *
 * Errors: `store/unavailable`, `store/quota`, `store/conflict`, `store/corrupt`; `state/stopped` after it was closed;
 * for a path those of `checkStoreKey`.
 */
export interface Store extends AsyncDisposable {
  readonly capabilities: StoreCapabilities;
  /** There if and only if `capabilities.shared`. */
  readonly sharing?: StoreSharing;
  get(key: StoreKey): MaybePromise<Uint8Array | undefined>;
  set(key: StoreKey, value: Uint8Array): MaybePromise<void>;
  delete(key: StoreKey): MaybePromise<void>;
  /**
   * Entries whose path begins with these parts and goes on, in order; all for the empty path. Changes made meanwhile may
   * or may not be seen.
   */
  list(prefix: StoreKey): AsyncIterable<readonly [key: StoreKey, value: Uint8Array]>;
  /** All changes or none. */
  batch(changes: readonly StoreChange[]): MaybePromise<void>;
  /**
   * Writes only if the entry is still what the caller saw; undefined stands for "no entry", on both sides.
   *
   * @returns whether it was written
   */
  compareAndSet(
    key: StoreKey,
    expected: Uint8Array | undefined,
    value: Uint8Array | undefined,
  ): MaybePromise<boolean>;
  /** Lets what is being written end, then gives everything back; a second call does nothing more. */
  close(): Promise<void>;
}
