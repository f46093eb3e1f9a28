import type { StandardSchemaV1 } from '@standard-schema/spec';
import { describe, expect, expectTypeOf, test } from 'vitest';
import type { Json } from '../src/index.ts';
import * as s from '../src/schema.ts';
import { codeOf } from './codes.ts';

const note = s.object({
  text: s.nonEmpty,
  time: s.optional(s.time),
  tags: s.optional(s.array(s.string, 2)),
  key: s.optional(s.alias(s.jsonObject, 'password', 'secret')),
});

describe('objects', () => {
  test('are read with the types that the compiler knows', () => {
    const read = note.decode({ text: 'a', time: '5', unknown: 1 }, 'note');
    expect(read).toEqual({ text: 'a', time: 5 });
    expectTypeOf(read.text).toEqualTypeOf<string>();
    expectTypeOf(read.time).toEqualTypeOf<number | undefined>();
    expectTypeOf(read.tags).toEqualTypeOf<readonly string[] | undefined>();
    // @ts-expect-error the schema has no such member
    expect(read.unknown).toBeUndefined();
  });

  test('find a member under its other names, and write the main one', () => {
    const read = note.decode({ text: 'a', secret: { b: 1 } }, 'note');
    expect(read.key).toEqual({ b: 1 });
    expect(note.decode({ text: 'a', key: { a: 1 }, password: { b: 1 } }, 'note').key).toEqual({
      a: 1,
    });
    expect(note.decode({ text: 'a', key: null, password: { b: 1 } }, 'note').key).toEqual({ b: 1 });
    expect(note.encode(read)).toEqual({ text: 'a', key: { b: 1 } });
  });

  test.each<[string, Json, string]>([
    ['missing', {}, 'text'],
    ['null', { text: null }, 'text'],
    ['empty', { text: '' }, 'text'],
    ['of wrong type', { text: 'a', time: 'soon' }, 'time'],
    ['inherited', Object.create({ text: 'a' }) as Json, 'text'],
    ['no object at all', ['text'], 'note'],
  ])('with a member %s are format/field and name it', (_name, value, field) => {
    expect(codeOf(() => note.decode(value, 'note'))).toBe('format/field');
    expect(() => note.decode(value, 'note')).toThrow(
      expect.objectContaining({ details: { field } }),
    );
  });
});

describe('lists', () => {
  test('have a bound', () => {
    expect(codeOf(() => note.decode({ text: 'a', tags: ['1', '2', '3'] }, 'x'))).toBe(
      'format/limit',
    );
    expect(codeOf(() => note.decode({ text: 'a', tags: '1' }, 'x'))).toBe('format/field');
    expect(codeOf(() => note.decode({ text: 'a', tags: [1] }, 'x'))).toBe('format/field');
  });

  test('may leave damaged elements out', () => {
    expect(s.lenientArray(s.number).decode([1, 'x', '2', {}, null], 'n')).toEqual([1, 2]);
    expect(codeOf(() => s.lenientArray(s.number, 1).decode([1, 2], 'n'))).toBe('format/limit');
    const broken = s.schema<string>(
      () => {
        throw new TypeError('a bug');
      },
      (value) => value,
    );
    expect(() => s.lenientArray(broken).decode([1], 'n')).toThrow(TypeError);
  });
});

describe('scalars', () => {
  test('come back from what they wrote', () => {
    expect(s.bytes.decode(s.bytes.encode(Uint8Array.of(1, 2)) as Json, 'b')).toEqual(
      Uint8Array.of(1, 2),
    );
    expect(s.text.decode(5, 't')).toBe('5');
    expect(s.boolean.decode('yes', 'b')).toBe(true);
    expect(s.literal('a', 'b').decode('b', 'l')).toBe('b');
    expectTypeOf(s.literal('a', 'b').decode('b', 'l')).toEqualTypeOf<'a' | 'b'>();
  });

  test('refuse what they are not', () => {
    for (const [schema, value] of [
      [s.string, 5],
      [s.nonEmpty, ''],
      [s.bytes, ''],
      [s.json, null],
      [s.jsonObject, []],
      [s.literal('a'), 'A'],
      [s.text, null],
    ] as const) {
      expect(codeOf(() => schema.decode(value as Json, 'x'))).toBe('format/field');
    }
    expect(() => s.number.encode(Number.NaN)).toThrow(RangeError);
  });
});

describe('Standard Schema', () => {
  const foreign: StandardSchemaV1<unknown, number> = {
    '~standard': {
      version: 1,
      vendor: 'other',
      validate: (value: unknown) =>
        typeof value === 'string'
          ? { value: value.length }
          : { issues: [{ message: 'no text', path: ['a', { key: 0 }] }] },
    },
  };

  test('ours is one: values or issues with code and path', () => {
    expect(note['~standard'].validate({ text: 'a' })).toEqual({ value: { text: 'a' } });
    expect(note['~standard'].validate({})).toEqual({
      issues: [{ message: 'text is missing', code: 'format/field', path: ['text'] }],
    });
  });

  test('of another library is taken, its issues become format/field', () => {
    const length = s.parseWith(foreign, 'abc', 'x');
    expectTypeOf(length).toEqualTypeOf<number>();
    expect(length).toBe(3);
    expect(codeOf(() => s.parseWith(foreign, 5, 'x'))).toBe('format/field');
  });

  test('keeps the code of our own schema, with and without the short cut', () => {
    const tooMany = { text: 'a', tags: ['1', '2', '3'] };
    expect(codeOf(() => s.parseWith(note, tooMany, 'x'))).toBe('format/limit');
    expect(codeOf(() => s.standardValidate(note, tooMany, 'x'))).toBe('format/limit');
  });

  test('that is asynchronous refuses the value, because decoding is synchronous', () => {
    const slow = {
      '~standard': { version: 1, vendor: 'x', validate: async () => ({ value: 1 }) },
    } satisfies StandardSchemaV1;
    expect(() => s.parseWith(slow, 1, 'x')).toThrow(
      expect.objectContaining({ code: 'format/field' }),
    );
  });
});
