import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LruMap } from '../src/index.ts';

describe('LruMap', () => {
  test('forgets what was used longest ago', () => {
    const map = new LruMap<string, number>(2).set('a', 1).set('b', 2);
    expect(map.get('a')).toBe(1);
    map.set('c', 3);
    expect(map.get('b')).toBeUndefined();
    expect([...map.entries()]).toEqual([
      ['a', 1],
      ['c', 3],
    ]);
    map.set('a', 4).set('d', 5);
    expect(map.get('c')).toBeUndefined();
    expect(map.get('a')).toBe(4);
  });

  test('never grows above its capacity and keeps the newest', () => {
    const steps = fc.array(fc.tuple(fc.nat(20), fc.nat(), fc.boolean()), { maxLength: 100 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), steps, (capacity, operations) => {
        const map = new LruMap<number, number>(capacity);
        let model: [number, number][] = [];
        for (const [key, value, write] of operations) {
          const found = model.find(([known]) => known === key);
          if (write) {
            map.set(key, value);
            model = [...model.filter(([known]) => known !== key), [key, value]];
            model = model.slice(-capacity) as [number, number][];
          } else {
            expect(map.get(key)).toBe(found?.[1]);
            if (found) model = [...model.filter((each) => each !== found), found];
          }
          expect(map.size).toBe(model.length);
        }
        expect([...map.entries()]).toEqual(model);
      }),
    );
  });

  test('forgets the older half on request', () => {
    const map = new LruMap<number, number>(10);
    for (let i = 0; i < 5; i++) map.set(i, i);
    expect(map.reduce()).toBe(3);
    expect([...map.entries()].map(([key]) => key)).toEqual([2, 3, 4]);
    expect(map.delete(2)).toBe(true);
    expect(map.delete(2)).toBe(false);
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
