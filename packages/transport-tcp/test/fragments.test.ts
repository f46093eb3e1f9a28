import { concatBytes, encodeHex, utf8Encode } from '@dimp/foundation';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FragmentAssembler, type FragmentAssemblerOptions, hasTransactionId } from '../src/mtp.ts';
import { anyFrame, codeOf, fragment } from './helpers.ts';

/** An assembler whose clock the test moves. */
function assembler(options: Omit<FragmentAssemblerOptions, 'clock'> = {}) {
  const time = { now: 1000 };
  const parts = new FragmentAssembler({ clock: () => time.now, ...options });
  return { time, parts };
}

const [a, b, c] = ['one', 'two', 'three'].map(utf8Encode) as [Uint8Array, Uint8Array, Uint8Array];

describe('FragmentAssembler', () => {
  test('any bodies in any order, repeated and interleaved, are assembled whole and once', () => {
    const payloads = fc.array(
      fc.array(fc.uint8Array({ maxLength: 20 }), { minLength: 1, maxLength: 6 }),
      {
        maxLength: 6,
      },
    );
    const property = fc.property(payloads, fc.infiniteStream(fc.nat()), (sets, order) => {
      const frames = sets.flatMap((pages, id) =>
        pages.flatMap((body, index) => Array(2).fill(fragment(id, pages.length, index, body))),
      );
      const shuffled = frames
        .map((frame) => ({ frame, rank: order.next().value as number }))
        .sort((x, y) => x.rank - y.rank)
        .map(({ frame }) => frame);
      const { parts } = assembler();
      const bodies = shuffled.flatMap((frame) => parts.add(frame) ?? []);
      const text = (list: Uint8Array[]): string[] => list.map(encodeHex).sort();
      expect(text(bodies)).toEqual(text(sets.map((pages) => concatBytes(...pages))));
      expect([parts.waitingBytes, parts.waitingSets]).toEqual([0, 0]);
    });
    fc.assert(property);
  });

  test('any fragments give a body or a ProtocolError', () => {
    const { parts } = assembler({ maxSets: 4, maxBodyBytes: 1000, maxWaitingBytes: 4000 });
    fc.assert(
      fc.property(anyFrame, (frame) => {
        codeOf(() => parts.add({ ...frame, type: 'fragment' }));
        expect(parts.waitingSets).toBeLessThanOrEqual(4);
        expect(parts.waitingBytes).toBeLessThanOrEqual(4000);
      }),
      { numRuns: 1000 },
    );
  });

  test('the first of two different fragments of one page counts', () => {
    const { parts } = assembler();
    parts.add(fragment(1, 2, 0, a));
    parts.add(fragment(1, 2, 0, c));
    expect(parts.add(fragment(1, 2, 1, b))).toEqual(concatBytes(a, b));
  });

  test('an unfinished set is dropped 300 s after its last fragment', () => {
    const { parts, time } = assembler();
    parts.add(fragment(1, 3, 0, a));
    time.now += 300;
    parts.add(fragment(1, 3, 1, b));
    time.now += 300;
    expect(parts.add(fragment(1, 3, 2, c))).toEqual(concatBytes(a, b, c));
    parts.add(fragment(2, 2, 0, a));
    time.now += 301;
    expect(parts.add(fragment(2, 2, 1, b))).toBeUndefined();
    expect(parts.waitingSets).toBe(1);
  });

  test('a finished id is remembered for an hour', () => {
    const { parts, time } = assembler();
    expect(parts.add(fragment(1, 1, 0, a))).toEqual(a);
    time.now += 3600;
    expect(parts.add(fragment(1, 1, 0, a))).toBeUndefined();
    time.now += 1;
    expect(parts.add(fragment(1, 1, 0, a))).toEqual(a);
  });

  test('finished ids are bounded: the oldest is forgotten first', () => {
    const { parts } = assembler({ maxFinished: 2 });
    for (const id of [1, 2, 3]) parts.add(fragment(id, 1, 0, a));
    expect(parts.add(fragment(2, 1, 0, a))).toBeUndefined();
    expect(parts.add(fragment(3, 1, 0, a))).toBeUndefined();
    expect(parts.add(fragment(1, 1, 0, a))).toEqual(a);
  });

  test('too many pages are refused before anything is kept', () => {
    const { parts } = assembler({ maxPages: 4 });
    expect(codeOf(() => parts.add(fragment(1, 5, 0, a)))).toBe('format/limit');
    expect(parts.waitingSets).toBe(0);
    expect(parts.add(fragment(2, 4, 0, a))).toBeUndefined();
  });

  test('a body above the limit is refused, and its other fragments do not start it again', () => {
    const { parts } = assembler({ maxBodyBytes: 5 });
    parts.add(fragment(1, 3, 0, a));
    expect(codeOf(() => parts.add(fragment(1, 3, 1, b)))).toBe('format/limit');
    expect([parts.waitingBytes, parts.waitingSets]).toEqual([0, 0]);
    expect(parts.add(fragment(1, 3, 2, c))).toBeUndefined();
    expect(parts.waitingSets).toBe(0);
  });

  test('empty fragments are not free', () => {
    const { parts } = assembler({ maxWaitingBytes: 768 + 640 });
    const flood = (): unknown => {
      for (let i = 0; i < 11; i++) parts.add(fragment(1, 100, i, new Uint8Array(0)));
      return undefined;
    };
    expect(codeOf(flood)).toBe('format/limit');
  });

  test('the oldest set makes room', () => {
    const { parts } = assembler({ maxSets: 2 });
    parts.add(fragment(1, 3, 0, a));
    parts.add(fragment(2, 3, 0, a));
    parts.add(fragment(1, 3, 1, b));
    parts.add(fragment(3, 3, 0, a));
    expect(parts.waitingSets).toBe(2);
    // Set 1 had news after set 2, so set 2 had to go.
    expect(parts.add(fragment(1, 3, 2, c))).toEqual(concatBytes(a, b, c));
    parts.add(fragment(2, 3, 1, b));
    expect(parts.add(fragment(2, 3, 2, c))).toBeUndefined();
  });

  test('waiting bytes are bounded over all sets', () => {
    const { parts } = assembler({ maxWaitingBytes: 3000, maxBodyBytes: 900 });
    for (let id = 0; id < 20; id++) {
      parts.add(fragment(id, 2, 0, new Uint8Array(300)));
      expect(parts.waitingBytes).toBeLessThanOrEqual(3000);
    }
    expect(parts.waitingSets).toBe(2);
  });

  test('limits can be raised while a set waits', () => {
    const { parts } = assembler({ maxBodyBytes: 5 });
    parts.add(fragment(1, 2, 0, a));
    parts.setLimits({ maxBodyBytes: 6 });
    expect(parts.add(fragment(1, 2, 1, b))).toEqual(concatBytes(a, b));
    expect(() => parts.setLimits({ maxBodyBytes: 0 })).toThrow(RangeError);
    expect(() => parts.setLimits({ maxBodyBytes: 2 ** 26 + 1 })).toThrow(RangeError);
  });

  test('finished ids are bounded by the memory they take', () => {
    const { parts } = assembler({ maxWaitingBytes: 16_000 });
    for (let id = 0; id < 4096; id++) {
      parts.add(fragment(id, 1, 0, a));
      expect(parts.heldBytes).toBeLessThanOrEqual(16_000 * 1.125);
    }
    expect(parts.add(fragment(4095, 1, 0, a))).toBeUndefined();
  });

  test('a fragment that contradicts its set is refused and changes nothing', () => {
    const { parts } = assembler();
    parts.add(fragment(1, 2, 0, a));
    expect(codeOf(() => parts.add(fragment(1, 3, 1, b)))).toBe('transport/protocol');
    expect(parts.add(fragment(1, 2, 1, b))).toEqual(concatBytes(a, b));
  });

  test('without an id only a single fragment is accepted, and it is never taken for a repetition', () => {
    const { parts } = assembler();
    const zero = { ...fragment(1, 1, 0, a), id: new Uint8Array(8) };
    expect(hasTransactionId(zero)).toBe(false);
    expect(parts.add(zero)).toEqual(a);
    expect(parts.add(zero)).toEqual(a);
    expect(codeOf(() => parts.add({ ...zero, pages: 2 }))).toBe('transport/protocol');
  });

  test('misuse throws', () => {
    const { parts } = assembler();
    expect(() => parts.add({ ...fragment(1, 1, 0, a), type: 'message' })).toThrow(TypeError);
    expect(() => assembler({ maxSets: 0 })).toThrow(RangeError);
    expect(() => assembler({ timeout: Number.NaN })).toThrow(RangeError);
  });
});
