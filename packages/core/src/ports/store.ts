import type { MaybePromise } from '@dimp/foundation';

/** A path in a store, such as `['metas', 'hulk@4Ye…']`. Parts are any text; order is by UTF-16 code units. */
export type StoreKey = readonly string[];

/** One change of an atomic batch. */
export type StoreChange =
  | { readonly type: 'set'; readonly key: StoreKey; readonly value: Uint8Array }
  | { readonly type: 'delete'; readonly key: StoreKey };

/** What a driver promises beyond the methods. */
export interface StoreCapabilities {
  /** An acknowledged write outlives the process. */
  readonly durable: boolean;
  /** Several processes or tabs may use it at once. */
  readonly shared: boolean;
}

/**
 * Where everything that has to last is kept: ordered bytes by path. A driver may answer at once or later.
 *
 * Errors: `store/unavailable`, `store/quota`, `store/conflict`, `store/corrupt`.
 */
export interface Store extends AsyncDisposable {
  readonly capabilities: StoreCapabilities;
  get(key: StoreKey): MaybePromise<Uint8Array | undefined>;
  set(key: StoreKey, value: Uint8Array): MaybePromise<void>;
  delete(key: StoreKey): MaybePromise<void>;
  /** Entries whose path begins with these parts, in order. Changes made meanwhile may or may not be seen. */
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
}
