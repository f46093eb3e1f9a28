import { compareStoreKeys, type Store, type StoreChange, type StoreKey } from '@dimp/core';
import type { ServiceContext } from './service.ts';

/** Changes that wait for one batch. Reads show the store as it will be after them. */
export class PendingChanges implements ServiceContext {
  readonly #store: Pick<Store, 'get' | 'list'>;
  /** The last change of each path. */
  readonly #changes = new Map<string, StoreChange>();

  constructor(store: Pick<Store, 'get' | 'list'>) {
    this.#store = store;
  }

  /** The changes, one for each path. */
  get changes(): readonly StoreChange[] {
    return [...this.#changes.values()];
  }

  add(changes: readonly StoreChange[]): void {
    for (const change of changes) this.#changes.set(nameOf(change.key), change);
  }

  async get(key: StoreKey): Promise<Uint8Array | undefined> {
    const change = this.#changes.get(nameOf(key));
    if (change === undefined) return this.#store.get(key);
    return change.type === 'set' ? change.value.slice() : undefined;
  }

  async *list(prefix: StoreKey): AsyncGenerator<readonly [key: StoreKey, value: Uint8Array]> {
    const pending = this.#under(prefix);
    let at = 0;
    for await (const entry of this.#store.list(prefix)) {
      for (;;) {
        const change = pending[at];
        const order = change === undefined ? 1 : compareStoreKeys(change.key, entry[0]);
        if (change === undefined || order > 0) {
          yield entry;
          break;
        }
        at += 1;
        if (change.type === 'set') yield [change.key, change.value.slice()];
        if (order === 0) break;
      }
    }
    for (const change of pending.slice(at)) {
      if (change.type === 'set') yield [change.key, change.value.slice()];
    }
  }

  /** The changes under a prefix, in the order of the store. */
  #under(prefix: StoreKey): readonly StoreChange[] {
    return [...this.#changes.values()]
      .filter(
        ({ key }) => key.length > prefix.length && prefix.every((part, at) => key[at] === part),
      )
      .sort((a, b) => compareStoreKeys(a.key, b.key));
  }
}

/** Parts of paths have no NUL. */
function nameOf(key: StoreKey): string {
  return key.join('\u0000');
}
