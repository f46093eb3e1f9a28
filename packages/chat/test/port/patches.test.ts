import { isProtocolError } from '@dimp/foundation';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { share } from '../../src/live/share.ts';
import { diff } from '../../src/port/diff.ts';
import type { Patch } from '../../src/port/messages.ts';
import { applyPatch } from '../../src/port/patch.ts';

const leaf = fc.oneof(
  fc.string({ maxLength: 3 }),
  fc.integer({ min: 0, max: 3 }),
  fc.boolean(),
  fc.constantFrom(null, undefined, Number.POSITIVE_INFINITY),
  fc.uint8Array({ maxLength: 3 }),
);
const names = fc.constantFrom('a', 'b', 'c', 'd', 'e', '__proto__', 'constructor');
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(names, tie('tree'), { maxKeys: 4 }),
    fc.uniqueArray(fc.record({ ref: names, value: tie('tree') }), {
      maxLength: 6,
      selector: ({ ref }) => ref,
    }),
    fc.uniqueArray(fc.record({ id: names, value: leaf }), {
      maxLength: 6,
      selector: ({ id }) => id,
    }),
  ),
}));

test('a patched snapshot equals the fresh one, for any values', () => {
  fc.assert(
    fc.property(fc.array(tree, { minLength: 2, maxLength: 6 }), (values) => {
      let served: unknown = share(undefined, values[0]);
      let shown: unknown = structuredClone(served);
      for (const value of values) {
        const next = share(served, value);
        const patch = diff(served, next);
        if (patch !== undefined) shown = applyPatch(shown, structuredClone(patch));
        served = next;
        expect(shown).toEqual(served);
      }
    }),
    { numRuns: 500 },
  );
});

test('a patch for one new message in a long list says nothing about the others', () => {
  const before = Array.from({ length: 1000 }, (_, at) => ({ ref: `m${at}`, text: 'long text' }));
  const patch = diff(before, [...before, { ref: 'new', text: 'x' }]);
  expect(patch).toEqual({ a: [[0, 1000], { i: { ref: 'new', text: 'x' } }] });
  expect(diff(before, [before[999], ...before.slice(0, 999)])).toEqual({
    a: [
      [999, 1],
      [0, 999],
    ],
  });
});

test.each<readonly [unknown, Patch]>([
  [[], { a: [[0, 1]] }],
  [[1], { a: [[-1, 1]] }],
  [{}, { a: [] }],
  [1, { o: {} }],
  [[], { o: {} }],
  [undefined, { a: [{ u: 0, p: { v: 1 } }] }],
])('a patch of another value is refused: %j', (base, patch) => {
  let error: unknown;
  try {
    applyPatch(base, patch);
  } catch (thrown) {
    error = thrown;
  }
  expect(isProtocolError(error, 'format/field')).toBe(true);
});
