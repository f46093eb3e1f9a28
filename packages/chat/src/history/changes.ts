import { compareStoreKeys, type Store, type StoreChange, type StoreKey } from '@dimp/core';
import { encodeRecord } from '@dimp/endpoint';
import type { Json } from '@dimp/foundation';

/** The part of a store that is read. */
export type Reading = Pick<Store, 'get' | 'list'>;

/** Changes for one batch, and the store as it will be after them. */
export class Changes implements Reading {
  readonly #base: Reading;
  /** By path. Undefined stands for a deleted entry. */
  readonly #values = new Map<string, { readonly key: StoreKey; readonly value?: Uint8Array }>();

  constructor(base: Reading) {
    this.#base = base;
  }

  get(key: StoreKey): ReturnType<Store['get']> {
    const own = this.#values.get(nameOf(key));
    return own === undefined ? this.#base.get(key) : own.value;
  }

  async *list(prefix: StoreKey): AsyncGenerator<readonly [key: StoreKey, value: Uint8Array]> {
    const own = [...this.#values.values()]
      .filter(({ key }) => isUnder(key, prefix))
      .sort((a, b) => compareStoreKeys(a.key, b.key));
    let at = 0;
    for await (const entry of this.#base.list(prefix)) {
      for (; at < own.length; at++) {
        const { key, value } = own[at] as (typeof own)[number];
        if (compareStoreKeys(key, entry[0]) >= 0) break;
        if (value !== undefined) yield [key, value];
      }
      if (!this.#values.has(nameOf(entry[0]))) yield entry;
    }
    // An own entry that replaces a stored one stands in its place, before the next stored one.
    for (const { key, value } of own.slice(at)) if (value !== undefined) yield [key, value];
  }

  set(key: StoreKey, value: Json): void {
    this.setBytes(key, encodeRecord(value));
  }

  setBytes(key: StoreKey, value: Uint8Array): void {
    this.#values.set(nameOf(key), { key, value });
  }

  delete(key: StoreKey): void {
    this.#values.set(nameOf(key), { key });
  }

  /** The changes, one for each path. */
  all(): readonly StoreChange[] {
    return [...this.#values.values()].map(({ key, value }) =>
      value === undefined ? { type: 'delete', key } : { type: 'set', key, value },
    );
  }

  /** The changed paths. */
  keys(): readonly StoreKey[] {
    return [...this.#values.values()].map(({ key }) => key);
  }
}

/** Parts of paths have no NUL. */
function nameOf(key: StoreKey): string {
  return key.join('\u0000');
}

function isUnder(key: StoreKey, prefix: StoreKey): boolean {
  return key.length > prefix.length && prefix.every((part, at) => key[at] === part);
}
