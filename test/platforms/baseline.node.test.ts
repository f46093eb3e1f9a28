import { describe, expect, test } from 'vitest';
import { beyondBaseline } from '../../scripts/check-baseline.mjs';

describe('the check of the baseline', () => {
  test.each([
    ['async function f(a) { await using b = a; }', ['syntax: await using']],
    ['function f(a) { using b = a; }', ['syntax: using']],
    ['const a = { [Symbol.dispose]() {} };', ['Symbol.dispose']],
    ['const { promise } = Promise.withResolvers();', ['Promise.withResolvers']],
    ['const list = await Array.fromAsync(f());\nfunction f() {}', ['Array.fromAsync']],
    ['export const all = (a, b) => a.symmetricDifference(b);', ['.symmetricDifference']],
    ['const groups = Object.groupBy([], String);', ['Object.groupBy']],
    ['new DisposableStack();', ['DisposableStack']],
    ['const pattern = /[\\p{L}--a]/v;', ['syntax: regular expression with the flag v']],
    ["import data from './data.json' with { type: 'json' };\ndata;", ['syntax: import attributes']],
    ['process.exit(Buffer.from([]).length);', ['Buffer', 'process']],
    ['document.title = window.name;', ['document', 'window']],
    ['globalThis.structuredClone({});', ['structuredClone']],
  ])('finds what a planted file needs: %s', (text, needs) => {
    expect(beyondBaseline(text)).toEqual(needs);
  });

  test('accepts a file of the baseline', () => {
    const text = `
      import { a as b } from './a.js';
      class C { static { b(C); } #x = 1; get y() { return this.#x; } }
      export async function* f({ p = 1, ...rest }, [q]) {
        label: for (const each of rest) if (each?.name ?? q) break label;
        try { yield new C().y + p; } catch { await Promise.allSettled([]); }
        return crypto.subtle ?? new TextEncoder();
      }`;
    expect(beyondBaseline(text)).toEqual([]);
  });
});
