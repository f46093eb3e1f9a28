import type { Handle, MaybePromise } from '@dimp/foundation';

/**
 * A path in a store, such as `['metas', 'hulk@4Ye…']`. Paths are ordered part by part, by UTF-16 code units. See
 * `checkStoreKey` for what a path may be.
 */
export type StoreKey = readonly string[];

/** One change of an atomic batch. */
export type StoreChange =
  | { readonly type: 'set'; readonly key: StoreKey; readonly value: Uint8Array }
  | { readonly type: 'delete'; readonly key: StoreKey };

/** Properties of a driver. */
export interface StoreCapabilities {
  /** Whether an acknowledged write survives the process. */
  readonly durable: boolean;
  /** Whether several processes or tabs may use the store at once; see {@link Store.sharing}. */
  readonly shared: boolean;
}

/** Coordination between several users of one store, such as the tabs of a browser. */
export interface StoreSharing {
  /**
   * Runs a task under a named lock that all users of the store share.
   *
   * @param signal - ends the wait with its reason; a running task continues
   * @returns the result of the task
   */
  lock<T>(name: string, task: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  /**
   * Reports the paths that other users of the store have changed, after the change. Own changes are not reported. An empty path
   * means that anything may have changed.
   */
  watch(listener: (keys: readonly StoreKey[]) => void): Handle;
}

/**
 * Durable storage: an ordered map from paths to bytes. Methods may return a value or a promise.
 *
 * Changes take effect in the order of the calls. Reads may or may not see a change that is not yet acknowledged. Bytes are
 * copied in both directions, so the caller may change its arrays afterwards.
 *
 * Errors: `store/unavailable`, `store/quota`, `store/conflict`, `store/corrupt`; `state/stopped` after `close`; for a path those
 * of `checkStoreKey`.
 */
export interface Store extends AsyncDisposable {
  readonly capabilities: StoreCapabilities;
  /** Present if and only if `capabilities.shared`. */
  readonly sharing?: StoreSharing;
  get(key: StoreKey): MaybePromise<Uint8Array | undefined>;
  set(key: StoreKey, value: Uint8Array): MaybePromise<void>;
  delete(key: StoreKey): MaybePromise<void>;
  /**
   * Lists the entries whose path begins with these parts and is longer, in order; all entries for the empty path. Changes made
   * during the iteration may or may not be seen.
   */
  list(prefix: StoreKey): AsyncIterable<readonly [key: StoreKey, value: Uint8Array]>;
  /** Applies all changes or none. */
  batch(changes: readonly StoreChange[]): MaybePromise<void>;
  /**
   * Writes only if the entry has the expected value. Undefined means no entry, for both values.
   *
   * @returns whether the value was written
   */
  compareAndSet(
    key: StoreKey,
    expected: Uint8Array | undefined,
    value: Uint8Array | undefined,
  ): MaybePromise<boolean>;
  /** Waits for running writes, then releases all resources. May be called twice. */
  close(): Promise<void>;
}
