import { type Store, type StoreKey, withLock } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { asyncDisposeSymbol, makeHandle, ProtocolError } from '@dimp/foundation';

/** Tabs of a browser that share one store. */
export interface Tabs {
  /** The shared store. */
  readonly inner: Store;
  open(): Store;
  /** Holds back notices of changes until {@link Tabs.deliver}. */
  hold(): void;
  deliver(): void;
  /** Drops the notices that are held back. */
  drop(): void;
  /** Tells every tab of a change, as a driver does. */
  tell(keys: readonly StoreKey[]): void;
  readonly listeners: number;
}

export function tabs(): Tabs {
  const inner = memoryStore();
  const listeners = new Set<{ readonly tab: object; hear(keys: readonly StoreKey[]): void }>();
  let held: (() => void)[] | undefined;
  const tell = (tab: object | undefined, keys: readonly StoreKey[]): void => {
    const notify = (): void => {
      for (const each of [...listeners]) if (each.tab !== tab) each.hear(keys);
    };
    if (held === undefined) notify();
    else held.push(notify);
  };
  const open = (): Store => {
    const tab = {};
    return {
      capabilities: { durable: false, shared: true },
      sharing: {
        lock: (name, task, signal) => withLock(inner, name, task, signal),
        watch(listener) {
          const entry = { tab, hear: listener };
          listeners.add(entry);
          return makeHandle(() => void listeners.delete(entry));
        },
      },
      get: (key) => inner.get(key),
      list: (prefix) => inner.list(prefix),
      async set(key, value) {
        await inner.set(key, value);
        tell(tab, [key]);
      },
      async delete(key) {
        await inner.delete(key);
        tell(tab, [key]);
      },
      async batch(changes) {
        await inner.batch(changes);
        tell(
          tab,
          changes.map(({ key }) => key),
        );
      },
      async compareAndSet(key, expected, value) {
        const written = await inner.compareAndSet(key, expected, value);
        if (written) tell(tab, [key]);
        return written;
      },
      async close() {},
      async [asyncDisposeSymbol]() {},
    };
  };
  return {
    inner,
    open,
    hold() {
      held ??= [];
    },
    deliver() {
      const waiting = held ?? [];
      held = undefined;
      for (const notify of waiting) notify();
    },
    drop() {
      held = undefined;
    },
    tell: (keys) => tell(undefined, keys),
    get listeners() {
      return listeners.size;
    },
  };
}

/** A store whose writes fail when a test says so. */
export interface FailingStore extends Store {
  /** How many more writes succeed. */
  left: number;
}

export function failingStore(inner: Store, left: number): FailingStore {
  const store: FailingStore = {
    left,
    capabilities: inner.capabilities,
    get: (key) => inner.get(key),
    list: (prefix) => inner.list(prefix),
    set: (...change) => write(() => inner.set(...change)),
    delete: (key) => write(() => inner.delete(key)),
    batch: (changes) => write(() => inner.batch(changes)),
    compareAndSet: (...change) => write(() => inner.compareAndSet(...change)),
    async close() {},
    async [asyncDisposeSymbol]() {},
  };
  const write = <T>(task: () => T): T => {
    if (store.left <= 0) throw new ProtocolError('store/quota', 'disk is full');
    store.left -= 1;
    return task();
  };
  return store;
}

/** All paths of a store. */
export async function pathsOf(store: Store): Promise<readonly string[]> {
  const paths: string[] = [];
  for await (const [path] of store.list([])) paths.push(path.join('/'));
  return paths;
}
