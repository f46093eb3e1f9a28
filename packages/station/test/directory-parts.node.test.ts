import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readPushToken } from '../src/directory/push-tokens.ts';
import { searchTest, searchText } from '../src/directory/search-terms.ts';
import { WeightedCache } from '../src/directory/weighted-cache.ts';
import { NameTable } from '../src/index.ts';
import { newPerson } from './support/test-users.ts';

test('any search words are accepted or refused, and a part of an ID finds it', async () => {
  const { id, facebook } = await newPerson('moki');
  const visa = (await facebook.document(id)) ?? expect.unreachable();
  const text = searchText(id, visa);
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'binary', maxLength: 300 }), { maxLength: 20 }),
      (words) => {
        const matches = searchTest(words);
        if (matches !== undefined) expect(typeof matches(text)).toBe('boolean');
        if (words.length > 16 || words.some((word) => word.length > 256))
          expect(matches).toBeUndefined();
      },
    ),
  );
  const { length } = id.text;
  const part = fc.tuple(fc.nat(length - 2), fc.integer({ min: 2, max: length }));
  fc.assert(
    fc.property(part, ([start, size]) => {
      const word = id.text.slice(start, start + size);
      fc.pre(word.length > 1);
      expect(searchTest([word.toUpperCase()])?.(text)).toBe(true);
      expect(searchTest([word, 'nobody-is-called-so'])?.(text)).toBe(false);
    }),
  );
});

test('a report of a device with any content yields a token of bounded size or none', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom('device', 'token', 'device_token', 'x'), fc.jsonValue()),
      (report) => {
        const read = readPushToken('apns', report as never);
        if (read === undefined) return;
        expect(read.token.length).toBeGreaterThan(0);
        expect(JSON.stringify(read.device).length).toBeLessThanOrEqual(4096);
      },
    ),
  );
});

test('only names in the table stand for a user', async () => {
  const { id } = await newPerson('moki');
  const table = new NameTable(id, { archivist: id });
  const known = ['archivist', 'station', 'moki'];
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: 'binary', maxLength: 80 }), fc.constantFrom(...known)),
      (name) => {
        expect(table.lookup(name) !== undefined).toBe(known.includes(name.toLowerCase()));
      },
    ),
  );
});

test('a weighted cache never exceeds its weight, and returns the value that was set last', () => {
  const step = fc.record({ key: fc.nat(8), weight: fc.nat(50), remove: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const cache = new WeightedCache<number, number>(100);
      const model = new Map<number, number>();
      for (const [value, { key, weight, remove }] of steps.entries()) {
        if (remove) {
          cache.delete(key);
          model.delete(key);
        } else {
          cache.set(key, value, weight);
          model.set(key, value);
          // It takes half of the room at most.
          expect(cache.get(key)).toBe(value);
        }
        expect(cache.weight).toBeLessThanOrEqual(100);
        for (const each of model.keys()) {
          const found = cache.get(each);
          if (found !== undefined) expect(found).toBe(model.get(each));
        }
      }
      cache.reduce();
      expect(cache.weight).toBeLessThanOrEqual(50);
      cache.set(9, 9, 1);
      cache.reduce('unused');
      expect(cache.get(9)).toBe(9);
      cache.reduce('unused');
      cache.reduce('unused');
      expect([cache.get(9), cache.weight]).toEqual([undefined, 0]);
    }),
  );
});
