import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LruMap } from '../src/index.ts';

describe('LruMap', () => {
  test('drops what was not used for long', () => {
    const map = new LruMap<string, number>(4).set('a', 1).set('b', 2).set('c', 3).set('d', 4);
    expect(map.get('a')).toBe(1);
    map.set('e', 5);
    expect(map.get('b')).toBeUndefined();
    expect(map.get('a')).toBe(1);
    map.set('a', 6).set('f', 7);
    expect(map.get('c')).toBeUndefined();
    expect(map.get('a')).toBe(6);
  });

  test('never grows above its capacity, remembers the half of it that was used last, and nothing wrong', () => {
    const steps = fc.array(fc.tuple(fc.nat(20), fc.nat(), fc.nat(8)), { maxLength: 100 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), steps, (capacity, operations) => {
        const map = new LruMap<number, number>(capacity);
        const values = new Map<number, number>();
        let used: number[] = [];
        for (const [key, value, step] of operations) {
          const before = [...map.entries()];
          if (step === 0) {
            expect(map.delete(key)).toBe(new Map(before).has(key));
            expect(map.get(key)).toBeUndefined();
            values.delete(key);
          } else if (step < 4) {
            map.set(key, value);
            values.set(key, value);
            used = [...used.filter((each) => each !== key), key];
          } else {
            const found = map.get(key);
            if (found !== undefined) {
              expect(found).toBe(values.get(key));
              used = [...used.filter((each) => each !== key), key];
            }
          }
          expect(map.size).toBeLessThanOrEqual(capacity);
          const entries = new Map(map.entries());
          expect(entries.size).toBe(map.size);
          for (const each of used.slice(-Math.ceil(capacity / 2))) {
            expect(entries.get(each)).toBe(values.get(each));
          }
        }
      }),
    );
  });

  test('forgets half on request, and what was not used since the last time', () => {
    const map = new LruMap<number, number>(10);
    for (let i = 0; i < 5; i++) map.set(i, i);
    expect(map.reduce()).toBe(3);
    expect([...map.entries()].map(([key]) => key)).toEqual([2, 3, 4]);
    expect(map.delete(2)).toBe(true);
    expect(map.delete(2)).toBe(false);
    expect(map.reduce('unused')).toBe(2);
    expect(map.get(4)).toBe(4);
    expect(map.reduce('unused')).toBe(1);
    expect([...map.entries()]).toEqual([[4, 4]]);
    map.clear();
    expect(map.size).toBe(0);
    expect(map.reduce()).toBe(0);
  });

  test('needs a capacity', () => {
    for (const capacity of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => new LruMap(capacity)).toThrow(RangeError);
    }
  });
});
