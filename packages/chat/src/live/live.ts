/** How a live value has changed. */
export type Change =
  | { readonly kind: 'reset' }
  | {
      /** A list has changed in these elements only, named by `ref` or `id`. */
      readonly kind: 'patch';
      readonly inserted: readonly string[];
      readonly updated: readonly string[];
      readonly removed: readonly string[];
    };

/**
 * A value that changes, such as the list of conversations. Its snapshots are frozen plain data. A snapshot is the same object as
 * the one before if its content is equal, and so are the parts of it that have not changed.
 *
 * Iterating yields the newest snapshot each time; a slow reader skips those in between.
 *
 * @example
 * ```ts
 * const stop = chats.list().subscribe((conversations) => show(conversations));
 * for await (const { messages } of chats.unread) setBadge(messages);
 * ```
 */
export interface Live<T> extends AsyncIterable<T> {
  /** The present snapshot; undefined until it is loaded. */
  readonly current: T | undefined;
  /** Resolves to the first snapshot. Rejects with the error of the store, or with `state/stopped` after `close`. */
  readonly ready: Promise<T>;
  /**
   * Calls a listener after each change, and once for the first snapshot. A listener that throws is reported and does not affect
   * others.
   *
   * @returns stops calling it
   */
  subscribe(listener: (value: T, change: Change) => void): () => void;
  /** Stops reading. A live value without listeners closes by itself after 30 s and opens again when it is used. */
  close(): Promise<void>;
}
