import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Json, toBoolean, toNumber, toText, toTime } from '../src/index.ts';
import { codeOf } from './codes.ts';

describe('lenient reading (spec §1.6–1.7)', () => {
  test('a number may be text', () => {
    for (const [value, number] of [
      [1, 1],
      ['1', 1],
      ['1.0', 1],
      [' 42 ', 42],
      ['-1.5e3', -1500],
      ['.5', 0.5],
      ['5.', 5],
      ['+7', 7],
    ] as const) {
      expect(toNumber(value, 'sn')).toBe(number);
    }
    expect(toTime('1700000000.5')).toBe(1700000000.5);
  });

  test('anything else is format/field, with the name of the member only', () => {
    for (const value of ['', ' ', 'abc', '0x10', '1e999', 'NaN', '1 2', true, [], {}, [1]]) {
      expect(codeOf(() => toNumber(value as Json, 'sn'))).toBe('format/field');
    }
    expect(() => toNumber('secret', 'sn')).toThrow(/^sn must be a number$/);
  });

  test('every finite number comes back from its text', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(toNumber(String(value), 'x')).toBe(Object.is(value, -0) ? 0 : value);
      }),
    );
  });

  test('a long text of digits takes no time', () => {
    codeOf(() => toNumber(`${' '.repeat(500_000)}${'1'.repeat(500_000)}x`, 'x'));
  });

  test('numbers and texts are one type on the wire', () => {
    expect(toText(1, 'type')).toBe('1');
    expect(toText(1.0, 'type')).toBe('1');
    expect(toText('1', 'type')).toBe('1');
    for (const value of [true, [], {}, Number.NaN]) {
      expect(codeOf(() => toText(value as Json, 'type'))).toBe('format/field');
    }
  });

  test('yes and no have many spellings', () => {
    for (const value of [true, 1, '1', 'true', 'YES', ' on '])
      expect(toBoolean(value, 'x')).toBe(true);
    for (const value of [false, 0, '0', 'false', 'No', 'off', '']) {
      expect(toBoolean(value, 'x')).toBe(false);
    }
    for (const value of [2, 'maybe', [true], {}, { toString: 1, valueOf: 1 }]) {
      expect(codeOf(() => toBoolean(value as Json, 'x'))).toBe('format/field');
    }
  });

  test('any JSON gives a value or format/field, for all names of members', () => {
    const named = fc.dictionary(
      fc.constantFrom('toString', 'valueOf', 'toJSON', 'length'),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), named), (value) => {
        for (const read of [toNumber, toText, toBoolean]) {
          expect([undefined, 'format/field']).toContain(codeOf(() => read(value as Json, 'x')));
        }
      }),
    );
  });

  test('null and absent are undefined', () => {
    for (const read of [toNumber, toText, toBoolean]) {
      expect(read(null, 'x')).toBeUndefined();
      expect(read(undefined, 'x')).toBeUndefined();
    }
  });
});
