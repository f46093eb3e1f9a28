import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeTed,
  encodeBase58,
  encodeBase64,
  encodeDataUri,
  encodeHex,
  encodeTed,
  type Json,
  parseTed,
  utf8Encode,
} from '../src/index.ts';
import { codeOf } from './codes.ts';

const hello = utf8Encode('hello');

describe('encoded data (spec §1.4)', () => {
  test.each<[string, Json]>([
    ['bare Base64', 'aGVsbG8='],
    ['a prefix', 'base64,aGVsbG8='],
    ['hex', 'hex,68656c6c6f'],
    ['Base58', 'base58,Cn8eVZg'],
    ['a data URI', 'data:image/png;base64,aGVsbG8='],
    ['a data URI with parameters', 'data:image/png;charset=x;base64,aGVsbG8='],
    ['an object', { algorithm: 'hex', data: '68656c6c6f' }],
    ['an object without algorithm', { data: 'aGVsbG8=' }],
    ['JSON of an object', '{"algorithm":"hex","data":"68656c6c6f"}'],
  ])('is read as %s', (_name, value) => {
    expect(decodeTed(value)).toEqual(hello);
  });

  test('is nothing when null, absent or empty', () => {
    for (const value of [null, undefined, '', { data: '' }, { algorithm: 'hex' }, { data: null }]) {
      expect(parseTed(value)).toBeUndefined();
    }
  });

  test('tells encoding and media type', () => {
    expect(parseTed('data:image/png;base64,aGVsbG8=')).toEqual({
      algorithm: 'base64',
      bytes: hello,
      mime: 'image/png',
    });
    expect(parseTed('hex,6869')?.algorithm).toBe('hex');
    expect('mime' in (parseTed('aGVsbG8=') ?? {})).toBe(false);
  });

  test.each<[string, Json, string]>([
    ['damaged Base64', 'aGV%', 'format/bytes'],
    ['damaged hex', 'hex,6', 'format/bytes'],
    ['a URL', 'https://example.com/a,b', 'format/bytes'],
    ['a plain data URI', 'data:text/plain,hello', 'unsupported/algorithm'],
    ['another encoding', 'rot13,uryyb', 'unsupported/algorithm'],
    ['another encoding in an object', { algorithm: 'rot13', data: 'a' }, 'unsupported/algorithm'],
    ['a number', 5, 'format/field'],
    ['a list', ['aGVsbG8='], 'format/field'],
    ['an object with a number', { data: 5 }, 'format/field'],
    ['an object with an odd algorithm', { algorithm: 5, data: 'aGVsbG8=' }, 'format/field'],
    ['broken JSON', '{"data"}', 'format/json'],
  ])('of %s is refused', (_name, value, code) => {
    expect(codeOf(() => parseTed(value))).toBe(code);
  });

  test('does not read an object inside the text of an object', () => {
    const inner = JSON.stringify({ data: 'aGVsbG8=' });
    expect(codeOf(() => parseTed(JSON.stringify({ data: inner })))).toBe('format/bytes');
  });

  test('does not take members of the prototype for its own', () => {
    expect(decodeTed(Object.create({ data: 'aGVsbG8=' }) as Json)).toBeUndefined();
  });

  test('comes back from every form we write', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), (bytes) => {
        expect(decodeTed(encodeTed(bytes))).toEqual(bytes);
        expect(decodeTed(`hex,${encodeHex(bytes)}`)).toEqual(bytes);
        expect(decodeTed(`base58,${encodeBase58(bytes)}`)).toEqual(bytes);
        expect(parseTed(encodeDataUri(bytes, 'image/jpeg'))).toMatchObject({ mime: 'image/jpeg' });
        expect(encodeTed(bytes)).toBe(encodeBase64(bytes));
      }),
    );
  });

  test('of any JSON gives data, nothing or an error code', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue() as fc.Arbitrary<Json>, fc.string()), (value) => {
        const code = codeOf(() => parseTed(value));
        expect(code === undefined || /^(format|unsupported)\//.test(code)).toBe(true);
      }),
    );
  });

  test('is never written with a media type that could break out of the URI', () => {
    for (const mime of ['image', 'image/png,', 'image/png;base64', 'a b/c', '']) {
      expect(() => encodeDataUri(hello, mime)).toThrow(RangeError);
    }
  });
});
