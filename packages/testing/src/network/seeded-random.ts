import type { Random } from '@dimp/core';

/** Random numbers that follow from a seed: for simulations, never for keys. */
export interface SeededRandom extends Random {
  /** A number from 0 up to, but not including 1. */
  next(): number;
  /** A whole number from 0 up to, but not including `below`; @throws `RangeError` unless that is 1 to 2³² */
  integer(below: number): number;
  /** A number between two bounds. */
  between(low: number, high: number): number;
  /** @param probability - from 0 to 1 */
  chance(probability: number): boolean;
  /** One element of a list; @throws `RangeError` for an empty list */
  pick<T>(list: readonly T[]): T;
  /** A separate stream: drawing from it does not change the others. */
  fork(name: string): SeededRandom;
}

/** Makes a generator: sfc32 of PractRand, seeded by a hash of the seed's text. */
export function seededRandom(seed: number | string): SeededRandom {
  const text = String(seed);
  let a = hash(`${text}/a`);
  let b = hash(`${text}/b`);
  let c = hash(`${text}/c`);
  let counter = 1;
  const draw = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  };
  for (let i = 0; i < 15; i++) draw();
  const next = (): number => draw() / 0x1_0000_0000;
  return {
    next,
    integer(below) {
      if (!Number.isInteger(below) || below < 1 || below > 0x1_0000_0000) {
        throw new RangeError('below must be from 1 to 2³²');
      }
      return Math.floor(next() * below);
    },
    between: (low, high) => low + next() * (high - low),
    chance: (probability) => next() < probability,
    pick(list) {
      if (list.length === 0) throw new RangeError('the list must not be empty');
      return list[Math.floor(next() * list.length)] as (typeof list)[number];
    },
    bytes(length) {
      return Uint8Array.from({ length }, () => draw() & 0xff);
    },
    // The length keeps a name with a slash apart from two names.
    fork: (name) => seededRandom(`${text}/${name.length}:${name}`),
  };
}

/** FNV-1a, 32 bits, with a final mix. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  }
  value = Math.imul(value ^ (value >>> 16), 0x21f0aaad);
  return (value ^ (value >>> 15)) | 0;
}
