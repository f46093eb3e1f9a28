import { equalBytes } from '@dimp/foundation';
import type { Store, StoreChange, StoreKey } from '../ports/store.ts';

/** No part of a path may hold it: it keeps the order of paths that of their parts. */
const SEPARATOR = '\u0000';

/** A {@link Store} in memory: for tests, demonstrations and data that may be forgotten. */
export function memoryStore(): Store {
  const entries = new Map<string, Uint8Array>();
  const set = (key: StoreKey, value: Uint8Array): void => {
    entries.set(pathOf(key), value.slice());
  };
  const remove = (key: StoreKey): void => {
    entries.delete(pathOf(key));
  };
  return {
    capabilities: { durable: false, shared: false },
    get: (key) => entries.get(pathOf(key))?.slice(),
    set,
    delete: remove,
    async *list(prefix) {
      const start = prefix.length === 0 ? '' : pathOf(prefix) + SEPARATOR;
      const paths = [...entries.keys()].filter((path) => path.startsWith(start)).sort();
      for (const path of paths) {
        const value = entries.get(path);
        if (value !== undefined) yield [path.split(SEPARATOR), value.slice()];
      }
    },
    batch(changes: readonly StoreChange[]) {
      // Paths are checked before the first change, so that a bad one changes nothing.
      for (const change of changes) pathOf(change.key);
      for (const change of changes) {
        if (change.type === 'set') set(change.key, change.value);
        else remove(change.key);
      }
    },
    compareAndSet(key, expected, value) {
      const found = entries.get(pathOf(key));
      const same =
        found === undefined || expected === undefined
          ? found === expected
          : equalBytes(found, expected);
      if (!same) return false;
      if (value === undefined) remove(key);
      else set(key, value);
      return true;
    },
    async [Symbol.asyncDispose]() {},
  };
}

function pathOf(key: StoreKey): string {
  if (key.length === 0) throw new TypeError('a path needs at least one part');
  for (const part of key) {
    if (part.includes(SEPARATOR)) throw new TypeError('a part of a path must not hold NUL');
  }
  return key.join(SEPARATOR);
}
