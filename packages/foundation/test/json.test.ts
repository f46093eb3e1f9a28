import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  DEFAULT_JSON_LIMITS,
  equalJson,
  isJsonObject,
  type Json,
  ownMember,
  parseJson,
  parseJsonObject,
  stringifyJson,
  utf8Encode,
} from '../src/index.ts';
import { codeOf } from './codes.ts';

const anyJson = fc.jsonValue() as fc.Arbitrary<Json>;
const limits = { maxBytes: 1000, maxDepth: 4, maxMembers: 10 };

describe('the JSON gate', () => {
  test('reads what was written, as text and as bytes', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), anyJson), (object) => {
        fc.pre(!JSON.stringify(object).includes('__proto__'));
        const text = JSON.stringify(object);
        fc.pre(!/\\ud[89a-f]/i.test(text));
        expect(parseJsonObject(text)).toEqual(JSON.parse(text));
        expect(parseJsonObject(utf8Encode(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  test('any text or bytes give a value or an error code', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.uint8Array()), (input) => {
        const code = codeOf(() => parseJson(input));
        expect([undefined, 'format/json', 'format/limit', 'format/field']).toContain(code);
      }),
    );
  });

  test.each([
    ['NaN', '{"a":NaN}'],
    ['Infinity', '[Infinity]'],
    ['trailing text', '{} {}'],
    ['a trailing comma', '{"a":1,}'],
    ['single quotes', "{'a':1}"],
    ['nothing', ''],
    ['a byte order mark', '\ufeff{}'],
    ['a raw newline in a string', '{"a":"\n"}'],
  ])('%s is format/json', (_name, text) => {
    expect(codeOf(() => parseJson(text))).toBe('format/json');
  });

  test('bytes that are not UTF-8, and JSON that is not an object, are format/json', () => {
    expect(codeOf(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22)))).toBe('format/json');
    for (const text of ['[]', '"a"', '1', 'null', 'true']) {
      expect(codeOf(() => parseJsonObject(text))).toBe('format/json');
      expect(codeOf(() => parseJson(text))).toBeUndefined();
    }
  });

  test('depth counts from one, and brackets in strings do not count', () => {
    expect(codeOf(() => parseJson('[[[[]]]]', limits))).toBeUndefined();
    expect(codeOf(() => parseJson('[[[[[]]]]]', limits))).toBe('format/limit');
    expect(codeOf(() => parseJson('[{"a":[{}]}]', limits))).toBeUndefined();
    expect(codeOf(() => parseJson('[{"a":[{"b":{}}]}]', limits))).toBe('format/limit');
    expect(codeOf(() => parseJson('["[[[[[[[{{{{"]', limits))).toBeUndefined();
    expect(codeOf(() => parseJson('["\\"[[[[[[","\\\\"]', limits))).toBeUndefined();
    expect(codeOf(() => parseJson('["\\\\",[[[[]]]]]', limits))).toBe('format/limit');
  });

  test('bytes are those of UTF-8, and the border belongs to the allowed', () => {
    const text = (characters: number, unit = 'a') => `"${unit.repeat(characters)}"`;
    expect(codeOf(() => parseJson(text(998), limits))).toBeUndefined();
    expect(codeOf(() => parseJson(text(999), limits))).toBe('format/limit');
    expect(codeOf(() => parseJson(utf8Encode(text(999)), limits))).toBe('format/limit');
    expect(codeOf(() => parseJson(text(499, 'é'), limits))).toBeUndefined();
    expect(codeOf(() => parseJson(text(500, 'é'), limits))).toBe('format/limit');
    expect(codeOf(() => parseJson(text(333, '語'), limits))).toBe('format/limit');
  });

  test('members and elements are counted together', () => {
    expect(codeOf(() => parseJson('[1,2,3,4,5,6,7,8,9,10]', limits))).toBeUndefined();
    expect(codeOf(() => parseJson('[1,2,3,4,5,6,7,8,9,[10]]', limits))).toBe('format/limit');
    expect(codeOf(() => parseJson('{"a":[1,2,3,4,5],"b":[1,2,3,4]}', limits))).toBe('format/limit');
    expect(codeOf(() => parseJson(`[${'[],'.repeat(9)}[]]`, limits))).toBeUndefined();
    expect(codeOf(() => parseJson(`[${'[[]],'.repeat(5)}[]]`, limits))).toBe('format/limit');
  });

  test('brackets that do not match are format/json, however deep', () => {
    for (const text of [']', '[]]', '[[]', '{"a":[}', `${'['.repeat(50)}${']'.repeat(49)}`, '][']) {
      expect(codeOf(() => parseJson(text, limits))).toBe('format/json');
    }
  });

  test('__proto__ is format/field at any depth, however it is spelled', () => {
    for (const text of [
      '{"__proto__":1}',
      '{"a":[{"__proto__":{}}]}',
      '{"\\u005f_proto__":null}',
    ]) {
      expect(codeOf(() => parseJson(text))).toBe('format/field');
    }
    expect(codeOf(() => parseJson('{"a":"__proto__"}'))).toBeUndefined();
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test('numbers that no double can hold are format/json at any depth: they could never be written again', () => {
    for (const text of ['{"a":1e999}', '{"a":[{"b":-1e999}]}', '[1e309]', '1e999']) {
      expect(codeOf(() => parseJson(text))).toBe('format/json');
    }
    expect(parseJson('[1e308]')).toEqual([1e308]);
  });

  test('hostile megabytes are answered quickly, without stack overflow', () => {
    const size = DEFAULT_JSON_LIMITS.maxBytes;
    const hostile = [
      '['.repeat(size),
      `${'['.repeat(size / 2)}${']'.repeat(size / 2)}`,
      '{"a":'.repeat(size / 5),
      `"${'\\'.repeat(size - 2)}"`,
      `"${'\\"'.repeat(size / 2 - 1)}"`,
      `[${'0,'.repeat(size / 2 - 2)}0]`,
      `[${'"",'.repeat(size / 3 - 2)}0]`,
      `[${'{},'.repeat(size / 3 - 2)}0]`,
      `[${`${'['.repeat(31)}${']'.repeat(31)},`.repeat(size / 63 - 1)}0]`,
      `{${Array.from({ length: 80_000 }, (_, i) => `"k${i}":1`).join()}}`,
    ];
    for (const text of hostile) {
      const code = () => codeOf(() => parseJson(text));
      expect([undefined, 'format/json', 'format/limit']).toContain(code());
    }
    expect(codeOf(() => parseJson(hostile[0] as string))).not.toBeUndefined();
  });
});

describe('writing JSON', () => {
  test('refuses what would silently become null', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => stringifyJson({ a: [value] })).toThrow(RangeError);
    }
    expect(() => Reflect.apply(stringifyJson, undefined, [undefined])).toThrow(TypeError);
    expect(stringifyJson({ a: undefined, b: 1 })).toBe('{"b":1}');
  });
});

describe('comparing JSON', () => {
  test('is blind to order and undefined members, and to nothing else', () => {
    expect(equalJson({ a: 1, b: [1, { c: null }] }, { b: [1, { c: null }], a: 1.0 })).toBe(true);
    expect(equalJson({ a: undefined }, {})).toBe(true);
    expect(equalJson({ a: null }, {})).toBe(false);
    expect(equalJson([1, 2], [2, 1])).toBe(false);
    expect(equalJson([], {})).toBe(false);
    expect(equalJson(['a'], { 0: 'a' })).toBe(false);
    expect(equalJson('1', 1)).toBe(false);
    expect(equalJson({ constructor: undefined }, {})).toBe(true);
    expect(equalJson(undefined, null)).toBe(false);
  });

  test('a value equals its copy', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        expect(equalJson(value, JSON.parse(JSON.stringify(value)) as Json)).toBe(true);
        expect(equalJson(value, [value])).toBe(false);
      }),
    );
  });

  test('members of the prototype do not count', () => {
    expect(ownMember({}, 'constructor')).toBeUndefined();
    expect(ownMember({ a: 1 }, 'a')).toBe(1);
    expect([{}, Object.create(null)].every(isJsonObject)).toBe(true);
    expect([null, [], 'a', 1, undefined].some(isJsonObject)).toBe(false);
  });
});
