import type { StoreKey } from '@dimp/core';
import type { Handle } from '@dimp/foundation';
import type { History } from '../../history/history.ts';

/** Area of the log of messages. */
const LOG = 'chat-log';

/** The entries of the log of messages that the index has not taken yet, in order. */
export class LogQueue {
  readonly #history: History;
  readonly #listening: Handle;
  readonly #changed: () => void;
  readonly #isWanted: () => boolean;
  readonly #orders = new Set<string>();

  /**
   * @param changed - called when there are new entries
   * @param isWanted - whether new entries are collected; a program that does not lead would never take them
   */
  constructor(history: History, changed: () => void, isWanted: () => boolean) {
    this.#history = history;
    this.#changed = changed;
    this.#isWanted = isWanted;
    this.#listening = history.on('changed', ({ keys }) => this.#note(keys));
  }

  get size(): number {
    return this.#orders.size;
  }

  /** Adds all entries that are in the log. */
  async load(): Promise<void> {
    for await (const { order } of this.#history.log.entries('index')) this.#orders.add(order);
  }

  /** Takes the next entries. */
  take(most: number): readonly string[] {
    const orders: string[] = [];
    for (const order of this.#orders) {
      if (orders.push(order) === most) break;
    }
    for (const order of orders) this.#orders.delete(order);
    return orders;
  }

  close(): void {
    this.#listening.close();
  }

  #note(keys: readonly StoreKey[]): void {
    if (!this.#isWanted()) return;
    let isNew = false;
    for (const [area, user, order] of keys) {
      // An empty path means that anything may have changed.
      if (area === undefined) void this.load().then(this.#changed, () => undefined);
      if (area !== LOG || user !== this.#history.user || order === undefined) continue;
      this.#orders.add(order);
      isNew = true;
    }
    if (isNew) this.#changed();
  }
}
