import {
  compareStoreKeys,
  MAX_STORE_KEY_BYTES,
  MAX_STORE_KEY_PARTS,
  type Store,
  type StoreKey,
} from '@dimp/core';
import { asyncDisposeSymbol, equalBytes } from '@dimp/foundation';
import { assert, assertCode, type TestFunction } from './assert.ts';
import { storeAtomicityCompliance } from './store-atomicity.ts';
import { storeListCompliance } from './store-lists.ts';
import { storeModelCompliance } from './store-model.ts';
import { storeSharingCompliance } from './store-sharing.ts';
import {
  assertRefused,
  assertValue,
  bytesOf,
  freshName,
  keysText,
  listed,
  listedKeys,
  type OpenStore,
  ORDERED_KEYS,
  type WithStore,
  withStore,
} from './store-suite.ts';

/** Options for {@link storeCompliance}. */
export interface StoreComplianceOptions {
  /**
   * Opens the store with a name. The same name opens the same data if the store is durable or shared; another name opens
   * another store. Names are short and consist of ASCII letters, digits and `-`.
   */
  readonly open: OpenStore;
  /** Whether the store must claim to be durable; by default it must not. */
  readonly durable?: boolean;
  /** Whether the store must claim to be shared by several users at once; by default it must not. */
  readonly shared?: boolean;
  /** Longest path that the store takes, in bytes as `checkStoreKey` counts them; a sub-store takes less. */
  readonly maxKeyBytes?: number;
  /** Most parts of a path that the store takes. */
  readonly maxKeyParts?: number;
  /** Number of random programs that are compared with a model. */
  readonly numRuns?: number;
}

/**
 * Registers the tests that every store must pass.
 *
 * @param test - how the test framework registers a test
 *
 * @example
 * ```ts
 * import { test } from 'vitest';
 * storeCompliance(test, { open: () => memoryStore() });
 * ```
 */
export function storeCompliance(test: TestFunction, options: StoreComplianceOptions): void {
  const { open, maxKeyBytes = MAX_STORE_KEY_BYTES, maxKeyParts = MAX_STORE_KEY_PARTS } = options;
  const using = withStore(open);
  entryCompliance(test, using);
  pathCompliance(test, using, maxKeyBytes, maxKeyParts);
  storeListCompliance(test, using);
  storeAtomicityCompliance(test, using);
  lifeCompliance(test, using, options);
  storeModelCompliance(test, using, options.numRuns ?? 50);
  if (options.shared === true) storeSharingCompliance(test, using, open);
}

function entryCompliance(test: TestFunction, using: WithStore): void {
  test(
    'an entry is kept until it is replaced or deleted',
    using(async (store) => {
      await assertValue(store, ['a', 'b'], undefined, 'an entry is there before it was set');
      await store.set(['a', 'b'], bytesOf(1, 2));
      await assertValue(store, ['a', 'b'], bytesOf(1, 2), 'an entry is not what was set');
      await assertValue(store, ['a'], undefined, 'the path above an entry is an entry');
      await assertValue(store, ['a', 'b', 'c'], undefined, 'a path below an entry is an entry');
      await assertValue(store, ['ab'], undefined, 'two parts are treated as one');
      await store.set(['a', 'b'], bytesOf(3));
      await assertValue(store, ['a', 'b'], bytesOf(3), 'an entry is not replaced');
      await store.delete(['a', 'b']);
      await assertValue(store, ['a', 'b'], undefined, 'an entry is there after it was deleted');
      await store.delete(['a', 'b']);
    }),
  );

  test(
    'values have any length, from none to 2 MiB',
    using(async (store) => {
      for (const length of [0, 1, 255, 4096, 65_537, 2 * 1024 * 1024]) {
        const value = Uint8Array.from({ length }, (_, i) => i * 31 + (i >> 8));
        await store.set(['value'], value);
        await assertValue(store, ['value'], value, `a value of ${length} bytes comes back changed`);
        for (const [, found] of await listed(store, [])) {
          assert(equalBytes(found, value), `a value of ${length} bytes is listed changed`);
        }
      }
    }),
  );

  test(
    'bytes are copied both ways',
    using(async (store) => {
      const value = bytesOf(1, 2, 3);
      const setting = store.set(['set'], value);
      value[0] = 9;
      await setting;
      await assertValue(store, ['set'], bytesOf(1, 2, 3), 'the caller’s array is the stored one');
      // Like Node's Buffer: `slice` shares the memory, which is part of a larger array.
      const whole = new ViewArray(new Uint8Array([7, 1, 2, 3, 7]).buffer, 1, 3);
      await store.batch([{ type: 'set', key: ['batch'], value: whole }]);
      await store.compareAndSet(['swap'], undefined, whole);
      whole.fill(9);
      for (const name of ['batch', 'swap']) {
        await assertValue(store, [name], bytesOf(1, 2, 3), `${name}: the caller’s array is stored`);
      }
      (await store.get(['set']))?.fill(9);
      for (const [, found] of await listed(store, [])) found.fill(9);
      await assertValue(store, ['set'], bytesOf(1, 2, 3), 'a result is the stored array');
    }),
  );
}

/** A `Uint8Array` whose `slice` does not copy. */
class ViewArray extends Uint8Array<ArrayBuffer> {
  override slice(start?: number, end?: number): Uint8Array<ArrayBuffer> {
    return this.subarray(start, end);
  }
}

function pathCompliance(
  test: TestFunction,
  using: WithStore,
  maxBytes: number,
  maxParts: number,
): void {
  test(
    'a path is any text without NUL, and no two paths collide',
    using(async (store) => {
      for (const [i, key] of ORDERED_KEYS.entries()) await store.set(key, bytesOf(i));
      for (const [i, key] of ORDERED_KEYS.entries()) {
        await assertValue(store, key, bytesOf(i), `${JSON.stringify(key)} is not found again`);
      }
    }),
  );

  test(
    'the longest paths are stored and listed',
    using(async (store) => {
      // Each has the greatest length: one part, many parts, and characters of one to four bytes.
      const many = new Array<string>(maxParts - 1).fill('p');
      const longest: readonly StoreKey[] = [
        ['x'.repeat(maxBytes - 1)],
        [...many, 'y'.repeat(maxBytes - many.length * 2 - 1)],
        ['\uffff'.repeat(Math.floor((maxBytes - 1) / 3))],
        ['🐢'.repeat(Math.floor((maxBytes - 1) / 4))],
      ];
      for (const [i, key] of longest.entries()) {
        await store.set(key, bytesOf(i));
        await assertValue(store, key, bytesOf(i), `long path ${i} is not found again`);
        const parent = key.slice(0, -1);
        const found = (await listed(store, parent)).map(([each]) => each);
        assert(keysText(found).includes(keysText([key]).slice(1, -1)), `long path ${i} is missing`);
      }
    }),
  );

  test(
    'an empty path, an empty part, NUL, half a character or too long a path is refused by every call',
    using(async (store) => {
      const wrong = [
        [[], 'TypeError'],
        [[''], 'TypeError'],
        [['a', ''], 'TypeError'],
        [['a\u0000b'], 'TypeError'],
        [['\ud83d'], 'format/bytes'],
        [['a', 'x\udc22'], 'format/bytes'],
        [['x'.repeat(MAX_STORE_KEY_BYTES)], 'RangeError'],
        [['🐢'.repeat(MAX_STORE_KEY_BYTES / 4)], 'RangeError'],
        [new Array<string>(MAX_STORE_KEY_PARTS + 1).fill('x'), 'RangeError'],
        [['x'.repeat(10_000_000)], 'RangeError'],
      ] as const;
      for (const [key, expected] of wrong) {
        const what = keysText([key.map((part) => part.slice(0, 8))]);
        await assertRefused(`get ${what}`, () => store.get(key), expected);
        await assertRefused(`set ${what}`, () => store.set(key, bytesOf(1)), expected);
        await assertRefused(`delete ${what}`, () => store.delete(key), expected);
        const swap = () => store.compareAndSet(key, undefined, bytesOf(1));
        await assertRefused(`compareAndSet ${what}`, swap, expected);
        const batch = () => store.batch([{ type: 'delete', key }]);
        await assertRefused(`batch ${what}`, batch, expected);
        if (key.length > 0) await assertRefused(`list ${what}`, () => listed(store, key), expected);
      }
      assert((await listedKeys(store, [])) === '[]', 'a refused path was written');
    }),
  );
}

function lifeCompliance(
  test: TestFunction,
  using: WithStore,
  { open, durable = false, shared = false }: StoreComplianceOptions,
): void {
  test(
    'its capabilities are what it has',
    using(async ({ capabilities, sharing }) => {
      assert(capabilities.durable === durable, `durable is ${capabilities.durable}`);
      assert(capabilities.shared === shared, `shared is ${capabilities.shared}`);
      assert(shared === (sharing !== undefined), 'shared and sharing do not agree');
    }),
  );

  test('stores with different names have different entries', async () => {
    const stores = [await open(freshName()), await open(freshName())];
    for (const [i, store] of stores.entries()) await store.set(['k'], bytesOf(i));
    for (const [i, store] of stores.entries()) {
      await assertValue(store, ['k'], bytesOf(i), 'stores share entries');
      await store.close();
    }
  });

  if (durable) {
    test('all entries are there when it is opened again', async () => {
      const name = freshName();
      const store = await open(name);
      for (const [i, key] of ORDERED_KEYS.entries()) await store.set(key, bytesOf(i));
      await store.delete(['a']);
      // Closing waits for earlier calls.
      const changing = Promise.all([
        store.set(['last'], bytesOf(1)),
        store.compareAndSet(['A'], bytesOf(5), bytesOf(6)),
      ]);
      await store.close();
      await changing;
      const again = await open(name);
      const left = [...ORDERED_KEYS.filter((key) => keysText([key]) !== '[["a"]]'), ['last']];
      const found = await listedKeys(again, []);
      assert(found === keysText(left.sort(compareStoreKeys)), 'entries are lost');
      await assertValue(again, ['A'], bytesOf(6), 'the last change is lost');
      await again.close();
    });
  }

  test('after closing, every call is refused with state/stopped', async () => {
    const store = await open(freshName());
    for (const name of ['a', 'b', 'c']) await store.set([name], bytesOf(1));
    const listing = store.list([])[Symbol.asyncIterator]();
    await listing.next();
    await store.close();
    await store.close();
    await store[asyncDisposeSymbol]();
    const key = ['k'];
    const calls: Record<string, () => unknown> = {
      get: () => store.get(key),
      set: () => store.set(key, bytesOf(1)),
      delete: () => store.delete(key),
      batch: () => store.batch([{ type: 'delete', key }]),
      'an empty batch': () => store.batch([]),
      compareAndSet: () => store.compareAndSet(key, undefined, bytesOf(1)),
      list: () => listed(store, []),
      'a list begun before': async () => {
        while ((await listing.next()).done !== true);
      },
      ...sharingCalls(store),
    };
    for (const [what, call] of Object.entries(calls)) await assertCode(what, call, 'state/stopped');
  });
}

function sharingCalls({ sharing }: Store): Record<string, () => unknown> {
  if (sharing === undefined) return {};
  return {
    lock: () => sharing.lock('name', async () => {}),
    watch: () => sharing.watch(() => {}),
  };
}
