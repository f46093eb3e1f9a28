import { type Live, LiveValue } from '@dimp/chat';
import type { Timers } from '@dimp/core';

/** A live value that a test sets. */
export interface SettableLive<T> extends Live<T> {
  /** Shows another value. Equal content is the same object as before, as with all live values. */
  set(value: T): void;
}

/**
 * Makes a live value for the test of one component.
 *
 * @example
 * ```ts
 * const list = liveValue<readonly ConversationSummary[]>([]);
 * const client = clientOf({ chats: { list: () => list } });
 * list.set([conversation]);
 * ```
 */
export function liveValue<T>(
  first: T,
  options: { readonly timers?: Timers } = {},
): SettableLive<T> {
  let value = first;
  const listeners = new Set<() => void>();
  const live = new LiveValue<T>({
    load: async () => value,
    watch: (changed) => {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
    elements: listIn,
    ...options,
  });
  const set = (next: T): void => {
    value = next;
    for (const changed of listeners) changed();
  };
  return Object.assign(live, { set });
}

/** The named elements of a list or of a window. */
function listIn(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  const items: unknown = Reflect.get(Object(value), 'items');
  return Array.isArray(items) ? items : [];
}
