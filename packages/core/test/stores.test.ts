import { makeHandle } from '@dimp/foundation';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  checkStoreKey,
  compareStoreKeys,
  MAX_STORE_KEY_BYTES,
  type Store,
  type StoreKey,
  type StoreSharing,
  subStore,
  withLock,
} from '../src/index.ts';
import { memoryStore } from '../src/memory.ts';

/** Something to wait for, and what ends the waiting. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

async function keysOf(store: Store, prefix: StoreKey = []): Promise<StoreKey[]> {
  const keys: StoreKey[] = [];
  for await (const [key] of store.list(prefix)) keys.push(key);
  return keys;
}

test('any two of the longest IDs fit into one path', () => {
  expect(() => checkStoreKey(['contact', '日'.repeat(256), '\uffff'.repeat(256)])).not.toThrow();
});

test('paths are in the order of their parts joined by NUL', () => {
  const part = fc
    .string({ minLength: 1, maxLength: 3, unit: 'binary' })
    .filter((text) => !text.includes('\u0000'));
  const path = fc.array(part, { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(path, path, (a, b) => {
      const [x, y] = [a.join('\u0000'), b.join('\u0000')];
      expect(Math.sign(compareStoreKeys(a, b))).toBe(x < y ? -1 : x > y ? 1 : 0);
    }),
  );
});

test('a lock runs one task at a time, in the order of the calls, and yields what each returns', async () => {
  const store = memoryStore();
  const log: string[] = [];
  const gates = [gate(), gate(), gate()];
  const results = gates.map(({ opened }, i) =>
    withLock(store, 'l', async () => {
      log.push(`in ${i}`);
      await opened;
      log.push(`out ${i}`);
      return i;
    }),
  );
  const other = withLock(store, 'other', async () => 'at once');
  const elsewhere = withLock(memoryStore(), 'l', async () => 'at once');
  expect([await other, await elsewhere]).toEqual(['at once', 'at once']);
  for (const { open } of [...gates].reverse()) open();
  expect(await Promise.all(results)).toEqual([0, 1, 2]);
  expect(log).toEqual(['in 0', 'out 0', 'in 1', 'out 1', 'in 2', 'out 2']);
});

test('a lock is free again after its task has thrown, at once or later', async () => {
  const store = memoryStore();
  const fault = new Error('from the task');
  const throwing = withLock(store, 'l', async () => {
    throw fault;
  });
  const atOnce = withLock(store, 'l', () => {
    throw fault;
  });
  const after = withLock(store, 'l', async () => 'free');
  await expect(throwing).rejects.toBe(fault);
  await expect(atOnce).rejects.toBe(fault);
  expect(await after).toBe('free');
});

test('who gives up waiting for a lock neither runs nor lets others in', async () => {
  const store = memoryStore();
  const reason = new Error('no longer');
  const { opened, open } = gate();
  let running = 0;
  const task = async (): Promise<number> => {
    running += 1;
    await opened;
    return running--;
  };
  const first = withLock(store, 'l', task);
  const impatient = new AbortController();
  const second = withLock(store, 'l', task, impatient.signal);
  const third = withLock(store, 'l', task);
  impatient.abort(reason);
  await expect(second).rejects.toBe(reason);
  await expect(withLock(store, 'l', task, AbortSignal.abort(reason))).rejects.toBe(reason);
  expect(running).toBe(1);
  open();
  expect(await Promise.all([first, third])).toEqual([1, 1]);
});

test('a signal does not end a task that has begun', async () => {
  const store = memoryStore();
  const { opened, open } = gate();
  const controller = new AbortController();
  const holding = withLock(store, 'l', () => opened.then(() => 'done'), controller.signal);
  const next = withLock(store, 'l', () => opened.then(() => 'done too'), controller.signal);
  open();
  await holding;
  controller.abort(new Error('too late'));
  expect(await holding).toBe('done');
  expect(await next).toBe('done too');
});

test('views of the same part of a store share their locks, those of other parts do not', async () => {
  const store = memoryStore();
  const { opened, open } = gate();
  const views = [
    subStore(store, ['a', 'b']),
    subStore(store, ['a', 'b']),
    subStore(subStore(store, ['a']), ['b']),
  ];
  let holders = 0;
  let most = 0;
  const holding = views.map((view) =>
    withLock(view, 'l', async () => {
      most = Math.max(most, ++holders);
      await opened;
      holders -= 1;
    }),
  );
  const others = [store, subStore(store, ['a']), subStore(store, ['b', 'a'])];
  for (const each of others)
    expect(await withLock(each, 'l', async () => 'at once')).toBe('at once');
  open();
  await Promise.all(holding);
  expect(most).toBe(1);
});

test('a part of a store shows what is below its path, and nothing else', async () => {
  const store = memoryStore();
  const path = ['accounts', 'work'];
  const part = subStore(store, path);
  path[1] = 'changed';
  const value = new Uint8Array([1]);
  await part.set(['k', 'x'], value);
  await part.batch([
    { type: 'set', key: ['k', 'y'], value },
    { type: 'set', key: ['gone'], value },
    { type: 'delete', key: ['gone'] },
  ]);
  await part.compareAndSet(['swap'], undefined, value);
  await store.set(['accounts', 'work'], value);
  await store.set(['accounts', 'workshop', 'k'], value);
  await store.set(['k'], value);
  const keys = [['k', 'x'], ['k', 'y'], ['swap']];
  expect(await keysOf(part)).toEqual(keys);
  expect(await keysOf(part, ['k'])).toEqual(keys.slice(0, 2));
  expect(await keysOf(store, ['accounts', 'work'])).toEqual(
    keys.map((key) => ['accounts', 'work', ...key]),
  );
  await part.close();
  expect(await store.get(['accounts', 'work', 'swap'])).toEqual(value);
});

test('a part of a store needs a path, and paths have to fit as a whole', async () => {
  const store = memoryStore();
  expect(() => subStore(store, [])).toThrow(TypeError);
  expect(() => subStore(store, ['\u0000'])).toThrow(TypeError);
  const part = subStore(store, ['x'.repeat(MAX_STORE_KEY_BYTES - 10)]);
  await part.set(['y'.repeat(8)], new Uint8Array(1));
  expect(() => part.set(['y'.repeat(9)], new Uint8Array(1))).toThrow(RangeError);
});

/** A store whose sharing only notes what it is asked for. */
function sharedStore(): {
  readonly store: Store;
  readonly locks: string[];
  readonly watchers: Set<(keys: readonly StoreKey[]) => void>;
} {
  const locks: string[] = [];
  const watchers = new Set<(keys: readonly StoreKey[]) => void>();
  const sharing: StoreSharing = {
    async lock(name, task, signal) {
      locks.push(name);
      signal?.throwIfAborted();
      return task();
    },
    watch(listener) {
      watchers.add(listener);
      return makeHandle(() => void watchers.delete(listener));
    },
  };
  const store = Object.assign(memoryStore(), {
    capabilities: { durable: false, shared: true },
    sharing,
  });
  return { store, locks, watchers };
}

test('a part of a shared store hears of its own paths only, without what lies above', async () => {
  const { store, watchers } = sharedStore();
  const part = subStore(store, ['a', 'b']);
  const heard: (readonly StoreKey[])[] = [];
  const watching = part.sharing?.watch((keys) => heard.push(keys));
  const tell = (...keys: StoreKey[]): void => {
    for (const hear of [...watchers]) hear(keys);
  };
  tell(['a', 'b', 'c'], ['a', 'bc', 'd'], ['a', 'b', 'd', 'e']);
  tell(['a', 'b'], ['a'], ['b'], ['x', 'a', 'b', 'c']);
  // Anything may have changed.
  tell([]);
  expect(heard).toEqual([[['c'], ['d', 'e']], [[]]]);
  watching?.close();
  watching?.close();
  expect(watchers.size).toBe(0);
  part.sharing?.watch(() => {});
  await part.close();
  expect(watchers.size).toBe(0);
});

test('locks of a part of a shared store have names of their own', async () => {
  const { store, locks } = sharedStore();
  const parts = [
    subStore(store, ['a', 'b']),
    subStore(subStore(store, ['a']), ['b']),
    subStore(store, ['a"]', 'b']),
    subStore(store, ['a']),
  ];
  for (const part of [store, ...parts]) await withLock(part, 'l', async () => {});
  expect(new Set(locks).size).toBe(4);
  expect(locks[1]).toBe(locks[2]);
});
