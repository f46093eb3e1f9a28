import { asyncDisposeSymbol, makeHandle, ProtocolError } from '@dimp/foundation';
import type { Store, StoreKey, StoreSharing } from './store.ts';
import { checkStoreKey } from './store-key.ts';

/** Origin of a view: a store that is not a view, and a path in it. */
export interface SubStoreOrigin {
  readonly store: Store;
  readonly prefix: StoreKey;
}

const ORIGINS = /* @__PURE__ */ new WeakMap<Store, SubStoreOrigin>();

/** Returns the origin of a view; undefined for other stores. */
export function subStoreOrigin(store: Store): SubStoreOrigin | undefined {
  return ORIGINS.get(store);
}

/**
 * Creates a store that is a part of another one: everything under one path. So several accounts can share a store. Closing the
 * view does not close the store. The limits apply to the whole path, so paths in a view must be shorter.
 *
 * @throws `TypeError`, `RangeError`, `format/bytes` for an invalid path
 *
 * @example
 * ```ts
 * const facebook = new Facebook({ protocol, store: subStore(store, ['accounts', 'work']) });
 * ```
 */
export function subStore(store: Store, prefix: StoreKey): Store {
  checkStoreKey(prefix);
  // A view of a view refers to the store itself, so that equal parts have the same locks.
  const outer = ORIGINS.get(store);
  const origin: SubStoreOrigin = {
    store: outer?.store ?? store,
    prefix: [...(outer?.prefix ?? []), ...prefix],
  };
  const view = new SubStore(origin);
  ORIGINS.set(view, origin);
  return view;
}

class SubStore implements Store {
  readonly capabilities: Store['capabilities'];
  readonly sharing?: StoreSharing;
  readonly #store: Store;
  readonly #prefix: StoreKey;
  readonly #stop = new AbortController();

  constructor({ store, prefix }: SubStoreOrigin) {
    this.capabilities = store.capabilities;
    this.#store = store;
    this.#prefix = prefix;
    if (store.sharing !== undefined) {
      this.sharing = subSharing(store.sharing, prefix, this.#stop.signal);
    }
  }

  get(key: StoreKey): ReturnType<Store['get']> {
    return this.#open.get(this.#within(key));
  }

  set(key: StoreKey, value: Uint8Array): ReturnType<Store['set']> {
    return this.#open.set(this.#within(key), value);
  }

  delete(key: StoreKey): ReturnType<Store['delete']> {
    return this.#open.delete(this.#within(key));
  }

  async *list(prefix: StoreKey): ReturnType<Store['list']> {
    for await (const [key, value] of this.#open.list([...this.#prefix, ...prefix])) {
      yield [key.slice(this.#prefix.length), value];
      this.#stop.signal.throwIfAborted();
    }
  }

  batch(changes: Parameters<Store['batch']>[0]): ReturnType<Store['batch']> {
    return this.#open.batch(
      changes.map((change) => ({ ...change, key: this.#within(change.key) })),
    );
  }

  compareAndSet(
    key: StoreKey,
    expected: Uint8Array | undefined,
    value: Uint8Array | undefined,
  ): ReturnType<Store['compareAndSet']> {
    return this.#open.compareAndSet(this.#within(key), expected, value);
  }

  async close(): Promise<void> {
    this.#stop.abort(stopped());
  }

  [asyncDisposeSymbol](): Promise<void> {
    return this.close();
  }

  get #open(): Store {
    this.#stop.signal.throwIfAborted();
    return this.#store;
  }

  /** Checked here too, because an empty path would mean the prefix itself. */
  #within(key: StoreKey): StoreKey {
    checkStoreKey(key);
    return [...this.#prefix, ...key];
  }
}

function subSharing(sharing: StoreSharing, prefix: StoreKey, closed: AbortSignal): StoreSharing {
  const place = JSON.stringify(prefix);
  return {
    async lock(name, task, signal) {
      closed.throwIfAborted();
      const waiting = AbortSignal.any(signal === undefined ? [closed] : [closed, signal]);
      return sharing.lock(`${place} ${name}`, task, waiting);
    },
    watch(listener) {
      closed.throwIfAborted();
      const watching = sharing.watch((keys) => {
        // An empty path means that anything may have changed.
        const ours = keys
          .filter((key) => key.length === 0 || isUnder(key, prefix))
          .map((key) => key.slice(prefix.length));
        if (ours.length > 0) listener(ours);
      });
      const end = (): void => watching.close();
      closed.addEventListener('abort', end, { once: true });
      return makeHandle(() => {
        closed.removeEventListener('abort', end);
        end();
      });
    },
  };
}

function isUnder(key: StoreKey, prefix: StoreKey): boolean {
  return key.length > prefix.length && prefix.every((part, at) => key[at] === part);
}

function stopped(): ProtocolError<'state/stopped'> {
  return new ProtocolError('state/stopped', 'the store is closed');
}
