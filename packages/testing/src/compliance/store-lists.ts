import { compareStoreKeys, type StoreKey } from '@dimp/core';
import { equalBytes, utf8Encode } from '@dimp/foundation';
import { assert, type TestFunction } from './assert.ts';
import {
  bytesOf,
  keysText,
  listed,
  listedKeys,
  ORDERED_KEYS,
  type WithStore,
} from './store-suite.ts';

/** Registers the tests of lists. */
export function storeListCompliance(test: TestFunction, using: WithStore): void {
  test(
    'a list is ordered by UTF-16 code units, part by part',
    using(async (store) => {
      const shuffled = ORDERED_KEYS.map(
        (key, i) => [(i * 7919) % ORDERED_KEYS.length, key] as const,
      );
      shuffled.sort(([a], [b]) => a - b);
      for (const [, key] of shuffled) await store.set(key, utf8Encode(key.join('|')));
      const entries = await listed(store, []);
      assert(
        keysText(entries.map(([key]) => key)) === keysText(ORDERED_KEYS),
        'the order is wrong',
      );
      const sorted = shuffled.map(([, key]) => key).sort(compareStoreKeys);
      assert(keysText(sorted) === keysText(ORDERED_KEYS), 'compareStoreKeys has another order');
      for (const [key, value] of entries) {
        assert(equalBytes(value, utf8Encode(key.join('|'))), 'a path is listed with another value');
      }
    }),
  );

  test(
    'a list holds the entries below a path, by whole parts, and not the path itself',
    using(async (store) => {
      const all: readonly StoreKey[] = [
        ['a'],
        ['a', 'b'],
        ['a', 'b', 'c'],
        ['a', 'd'],
        ['ab'],
        ['b'],
      ];
      await store.batch(all.map((key) => ({ type: 'set', key, value: bytesOf(1) })));
      const expect = async (prefix: StoreKey, keys: readonly StoreKey[]): Promise<void> => {
        const found = await listedKeys(store, prefix);
        assert(found === keysText(keys), `below ${keysText([prefix])} is ${found}`);
      };
      await expect([], all);
      await expect(
        ['a'],
        [
          ['a', 'b'],
          ['a', 'b', 'c'],
          ['a', 'd'],
        ],
      );
      await expect(['a', 'b'], [['a', 'b', 'c']]);
      await expect(['a', 'b', 'c'], []);
      await expect(['ab'], []);
      await expect(['c'], []);
    }),
  );

  test(
    'a list continues while entries are added and removed, and holds those that stay',
    using(async (store) => {
      const key = (i: number): StoreKey => ['n', String(i).padStart(4, '0')];
      const count = 600;
      const numbers = Array.from({ length: count }, (_, i) => i);
      await store.batch(
        numbers.map((i) => ({ type: 'set', key: key(i), value: bytesOf(i & 255) })),
      );
      const seen: string[] = [];
      for await (const [path] of store.list(['n'])) {
        const name = path[1] ?? '';
        seen.push(name);
        const at = Number.parseInt(name, 10);
        // Odd entries are removed during the list; others are added before and behind its position.
        if (name.length === 4 && at % 50 === 0) {
          await store.delete(key(at + 1));
          await store.set(['n', `${name}+`], bytesOf(0));
          await store.set(['m', name], bytesOf(0));
        }
      }
      const text = keysText([seen]);
      assert(text === keysText([[...seen].sort()]), 'the order is lost');
      assert(new Set(seen).size === seen.length, 'an entry is listed twice');
      const stay = numbers.filter((i) => i % 50 !== 1).map((i) => key(i)[1]);
      assert(
        stay.every((name) => seen.includes(name as string)),
        'an entry that stays is missing',
      );
    }),
  );

  test(
    'a list can be abandoned halfway',
    using(async (store) => {
      for (const name of ['a', 'b', 'c']) await store.set([name], bytesOf(1));
      for (let i = 0; i < 300; i++) {
        for await (const _ of store.list([])) break;
      }
      await store.set(['d'], bytesOf(1));
      assert((await listed(store, [])).length === 4, 'entries are missing');
    }),
  );

  test(
    '5,000 entries are listed in order, with their values',
    using(async (store) => {
      const size = 1000;
      for (let from = 0; from < 5000; from += size) {
        const numbers = Array.from({ length: size }, (_, i) => ((from + i) * 7919) % 5000);
        await store.batch(
          numbers.map((n) => ({
            type: 'set',
            key: ['many', String(n)],
            value: utf8Encode(`${n}`),
          })),
        );
      }
      const entries = await listed(store, ['many']);
      const names = Array.from({ length: 5000 }, (_, i) => String(i)).sort();
      assert(keysText([entries.map(([key]) => key[1] ?? '')]) === keysText([names]), 'wrong paths');
      assert(
        entries.every(([key, value]) => equalBytes(value, utf8Encode(key[1] ?? ''))),
        'wrong values',
      );
    }),
  );
}
