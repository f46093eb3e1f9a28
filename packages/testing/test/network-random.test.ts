import { seededRandom } from '@dimp/testing/network';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const DRAWS = 20_000;

function draws(count: number, draw: () => number): number[] {
  return Array.from({ length: count }, draw);
}

test('the same seed yields the same numbers, as a number and as a text', () => {
  const [one, again, text] = [seededRandom(7), seededRandom(7), seededRandom('7')];
  const first = draws(1000, one.next);
  expect(draws(1000, again.next)).toEqual(first);
  expect(draws(1000, text.next)).toEqual(first);
});

test('the numbers of a seed do not change between versions, so that a reported seed stays valid', () => {
  const random = seededRandom(1);
  expect(draws(3, () => random.integer(1_000_000))).toEqual([611_827, 593_571, 631_967]);
  expect([...random.fork('a').bytes(4)]).toEqual([152, 124, 152, 131]);
});

test('a hundred similar seeds yield a hundred different sequences', () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 100; seed++) {
    const random = seededRandom(seed);
    seen.add(draws(4, random.next).join());
  }
  expect(seen.size).toBe(100);
});

test('numbers are distributed evenly, and successive ones are independent', () => {
  for (const seed of [1, 2, 'three']) {
    const random = seededRandom(seed);
    const tenths = new Array<number>(10).fill(0);
    const pairs = new Array<number>(100).fill(0);
    let before = random.integer(10);
    for (let i = 0; i < DRAWS; i++) {
      const tenth = random.integer(10);
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
      const pair = before * 10 + tenth;
      pairs[pair] = (pairs[pair] ?? 0) + 1;
      before = tenth;
    }
    // One in 10,000 right generators would be above: 9 and 99 degrees of freedom.
    expect(chiSquared(tenths)).toBeLessThan(33.7);
    expect(chiSquared(pairs)).toBeLessThan(161.4);
  }
});

test('bytes are distributed evenly, and each bit is set half of the time', () => {
  const bytes = seededRandom('bytes').bytes(256 * 100);
  const values = new Array<number>(256).fill(0);
  const bits = new Array<number>(8).fill(0);
  for (const byte of bytes) {
    values[byte] = (values[byte] ?? 0) + 1;
    for (let bit = 0; bit < 8; bit++) bits[bit] = (bits[bit] ?? 0) + ((byte >> bit) & 1);
  }
  // 255 degrees of freedom.
  expect(chiSquared(values)).toBeLessThan(347.7);
  for (const set of bits) expect(Math.abs(set - bytes.length / 2)).toBeLessThan(400);
});

test('numbers stay within their bounds', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 1000 }), fc.nat(1000), (seed, low, more) => {
      const random = seededRandom(seed);
      for (let i = 0; i < 20; i++) {
        const next = random.next();
        expect(next >= 0 && next < 1).toBe(true);
        const whole = random.integer(low);
        expect(Number.isInteger(whole) && whole >= 0 && whole < low).toBe(true);
        const between = random.between(low, low + more);
        expect(between >= low && between <= low + more).toBe(true);
        expect([1, 2, 3]).toContain(random.pick([1, 2, 3]));
      }
      expect(random.bytes(low)).toHaveLength(low);
    }),
  );
});

test('events occur with their probability; 0 and 1 have no exception', () => {
  const random = seededRandom('chance');
  const taken = (probability: number): number =>
    draws(DRAWS, () => (random.chance(probability) ? 1 : 0)).reduce((sum, each) => sum + each, 0);
  expect(taken(0)).toBe(0);
  expect(taken(1)).toBe(DRAWS);
  for (const probability of [0.01, 0.1, 0.5, 0.9]) {
    // Four times the standard deviation.
    const most = 4 * Math.sqrt(DRAWS * probability * (1 - probability));
    expect(Math.abs(taken(probability) - DRAWS * probability)).toBeLessThan(most);
  }
});

test('picking from an empty list, or a number below 1, is an error', () => {
  const random = seededRandom(1);
  expect(() => random.pick([])).toThrow(RangeError);
  for (const below of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 32 + 1]) {
    expect(() => random.integer(below)).toThrow(RangeError);
  }
});

test('a fork depends only on seed and name, and not on draws or other forks', () => {
  const plain = draws(100, seededRandom(1).fork('a').next);
  const random = seededRandom(1);
  random.fork('b').bytes(100);
  random.bytes(33);
  const fork = random.fork('a');
  random.bytes(5);
  expect(draws(100, fork.next)).toEqual(plain);
  // And drawing from a fork does not change where it comes from.
  const rest = seededRandom(1);
  rest.bytes(38);
  expect(random.next()).toBe(rest.next());
});

test('forks differ by name and from their origin', () => {
  const seen = new Set<string>();
  const root = seededRandom(1);
  const forks = [
    root.fork('a'),
    root.fork('b'),
    root.fork(''),
    root.fork('a/b'),
    root.fork('a').fork('b'),
    root.fork('b').fork('a'),
    root.fork('a').fork(''),
    seededRandom('1/a'),
    root,
  ];
  for (const each of forks) seen.add(draws(4, each.next).join());
  expect(seen.size).toBe(forks.length);
});

test('forks with consecutive names are independent', () => {
  const root = seededRandom(1);
  const tenths = new Array<number>(10).fill(0);
  for (let i = 0; i < DRAWS; i++) {
    const tenth = root.fork(`client ${i}`).integer(10);
    tenths[tenth] = (tenths[tenth] ?? 0) + 1;
  }
  expect(chiSquared(tenths)).toBeLessThan(33.7);
});

function chiSquared(counts: readonly number[]): number {
  const expected = counts.reduce((sum, each) => sum + each, 0) / counts.length;
  return counts.reduce((sum, each) => sum + (each - expected) ** 2 / expected, 0);
}
