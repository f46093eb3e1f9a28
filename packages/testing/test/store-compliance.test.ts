import type { Store, StoreKey } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { storeCompliance } from '@dimp/testing/compliance';
import { describe, expect, test } from 'vitest';

/** Runs the suite outside of the framework and yields the names of the tests that failed. */
async function failures(change: (store: Store) => Partial<Store>): Promise<string[]> {
  const tests: [string, () => void | Promise<void>][] = [];
  const open = (): Store => {
    const store = memoryStore();
    return { ...bound(store), ...change(store) };
  };
  storeCompliance((name, run) => tests.push([name, run]), { open });
  const failed: string[] = [];
  for (const [name, run] of tests) {
    try {
      await run();
    } catch {
      failed.push(name);
    }
  }
  return failed;
}

function bound(store: Store): Store {
  return {
    capabilities: store.capabilities,
    get: (key) => store.get(key),
    set: (key, value) => store.set(key, value),
    delete: (key) => store.delete(key),
    list: (prefix) => store.list(prefix),
    batch: (changes) => store.batch(changes),
    compareAndSet: (key, expected, value) => store.compareAndSet(key, expected, value),
    close: () => store.close(),
    [Symbol.asyncDispose]: () => store.close(),
  };
}

const PATHS =
  'an empty path, an empty part, NUL, half a character or too long a path is refused by every call';
const ORDER = 'a list is ordered by UTF-16 code units, part by part';
const MODEL = 'random programs find in the store what they find in a map';

describe('the store suite finds', () => {
  test('nothing in a good store', async () => {
    expect(await failures(() => ({}))).toEqual([]);
  });

  test('a store that keeps the caller’s array', async () => {
    const kept = new Map<string, Uint8Array>();
    const failed = await failures((store) => ({
      set: async (key, value) => {
        await store.set(key, value);
        kept.set(JSON.stringify(key), value);
      },
      get: async (key) => {
        const found = await store.get(key);
        return found && (kept.get(JSON.stringify(key)) ?? found);
      },
    }));
    expect(failed).toContain('bytes are copied both ways');
  });

  test('a list in the order of UTF-8', async () => {
    const text = new TextEncoder();
    const failed = await failures((store) => ({
      async *list(prefix) {
        const entries = [];
        for await (const entry of store.list(prefix)) entries.push(entry);
        const name = (key: StoreKey) => String.fromCharCode(...text.encode(key.join('\u0000')));
        yield* entries.sort(([a], [b]) => (name(a) < name(b) ? -1 : 1));
      },
    }));
    expect(failed).toContain(ORDER);
  });

  test('a list that takes a part for a prefix of another one, or lists the path itself', async () => {
    const failed = await failures((store) => ({
      async *list(prefix) {
        const start = prefix.join('\u0000');
        for await (const entry of store.list([])) {
          if (entry[0].join('\u0000').startsWith(start)) yield entry;
        }
      },
    }));
    expect(failed).toContain(
      'a list holds the entries below a path, by whole parts, and not the path itself',
    );
    expect(failed).toContain(MODEL);
  });

  test('a batch that stops halfway', async () => {
    const failed = await failures((store) => ({
      batch: async (changes) => {
        for (const change of changes) {
          if (change.type === 'set') await store.set(change.key, change.value);
          else await store.delete(change.key);
        }
      },
    }));
    expect(failed).toContain('a batch with one bad path changes nothing');
  });

  test('a compareAndSet that reads first and writes later', async () => {
    const failed = await failures((store) => ({
      compareAndSet: async (key, expected, value) => {
        const found = await store.get(key);
        const same =
          found === undefined ? expected === undefined : found.join() === expected?.join();
        await null;
        if (!same) return false;
        if (value === undefined) await store.delete(key);
        else await store.set(key, value);
        return true;
      },
    }));
    expect(failed).toContain('exactly one of many concurrent compareAndSets wins');
  });

  test('a compareAndSet that takes an empty value for a missing entry', async () => {
    const failed = await failures((store) => ({
      compareAndSet: async (key, expected, value) =>
        store.compareAndSet(key, expected?.length === 0 ? undefined : expected, value),
    }));
    expect(failed).toContain('compareAndSet writes only if the entry is what the caller saw');
  });

  test('paths that are not checked, and paths that are changed', async () => {
    const lenient = await failures((store) => ({
      get: (key) => {
        try {
          return store.get(key);
        } catch {
          return undefined;
        }
      },
    }));
    expect(lenient).toContain(PATHS);
    const fold = (key: StoreKey) => key.map((part) => part.normalize('NFC'));
    const folding = await failures((store) => ({
      get: (key) => store.get(fold(key)),
      set: (key, value) => store.set(fold(key), value),
    }));
    expect(folding).toContain('a path is any text without NUL, and no two paths collide');
  });

  test('a store that works after it was closed', async () => {
    const goesOn = { close: async () => {}, [Symbol.asyncDispose]: async () => {} };
    expect(await failures(() => goesOn)).toEqual([
      'after closing, every call is refused with state/stopped',
    ]);
  });

  test('a store that claims what it does not support', async () => {
    const promising = await failures(() => ({ capabilities: { durable: true, shared: false } }));
    expect(promising).toEqual(['its capabilities are what it has']);
    const sharing = await failures(() => ({ capabilities: { durable: false, shared: true } }));
    expect(sharing).toEqual(['its capabilities are what it has']);
  });
});
