import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { native as platform } from '#native/base64';
import {
  concatBytes,
  decodeBase58,
  decodeBase64,
  decodeHex,
  encodeBase58,
  encodeBase64,
  encodeHex,
  equalBytes,
  randomBytes,
  utf8Decode,
  utf8Encode,
} from '../src/index.ts';
import { native as portable } from '../src/native/base64.default.ts';
import { codeOf } from './codes.ts';

const anyBytes = fc.uint8Array({ maxLength: 200 });

describe('Base64', () => {
  test('any bytes come back, padded and unbroken', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const text = encodeBase64(bytes);
        expect(text).toMatch(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/);
        expect(decodeBase64(text)).toEqual(bytes);
      }),
    );
  });

  test('white space and missing padding are accepted (spec §1.1)', () => {
    fc.assert(
      fc.property(anyBytes, fc.nat(), (bytes, at) => {
        const text = encodeBase64(bytes);
        const cut = at % (text.length + 1);
        expect(decodeBase64(`${text.slice(0, cut)} \r\n\t${text.slice(cut)}`)).toEqual(bytes);
        expect(decodeBase64(text.replace(/=+$/, ''))).toEqual(bytes);
      }),
    );
  });

  test.each([
    ['a foreign character', 'aG#Vs'],
    ['the URL alphabet', '_-8='],
    ['one digit', 'A'],
    ['five digits', 'AAAAA'],
    ['padding in the middle', 'AA==AAAA'],
    ['too much padding', 'AAA=='],
    ['padding alone', '='],
    ['three padding characters', 'A==='],
    ['a character beyond ASCII', 'AAAé'],
  ])('%s is format/bytes', (_name, text) => {
    expect(codeOf(() => decodeBase64(text))).toBe('format/bytes');
  });

  test('any text gives bytes or format/bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect([undefined, 'format/bytes']).toContain(codeOf(() => decodeBase64(text)));
      }),
    );
  });

  test('both implementations agree, also above their chunk size', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const text = portable.encode(bytes);
        expect(text).toBe(platform.encode(bytes));
        const bare = text.replace(/=+$/, '');
        for (const { decode } of [portable, platform]) {
          expect(decode(text, bare.length)).toEqual(bytes);
          expect(decode(bare, bare.length)).toEqual(bytes);
        }
      }),
    );
    const large = new Uint8Array(100_000).map((_, i) => i * 7);
    expect(portable.encode(large)).toBe(platform.encode(large));
  });

  test('a single foreign character is seen wherever it stands, also one whose low byte is a digit', () => {
    const someBytes = fc.uint8Array({ minLength: 1, maxLength: 200 });
    const foreign = fc.constantFrom(
      '-',
      '_',
      '=',
      '\u0000',
      '\u00e9',
      '\u0141',
      '\u2b41',
      '\ud83d',
    );
    fc.assert(
      fc.property(someBytes, foreign, fc.nat(), (bytes, character, at) => {
        const text = portable.encode(bytes).replace(/=+$/, '');
        const cut = at % text.length;
        const damaged = text.slice(0, cut) + character + text.slice(cut + 1);
        for (const { decode } of [portable, platform]) {
          expect(decode(damaged, damaged.length)).toBeUndefined();
        }
        // Long texts may take another way through the platform.
        const long = 'A'.repeat(60_000 + (at % 100) * 4) + damaged;
        expect(platform.decode(long, long.length)).toBeUndefined();
      }),
    );
  });

  test('unused bits of the last digit are ignored, with and without padding', () => {
    for (const text of ['QR==', 'QR', '+/==', 'QUJ=', 'QUJ', 'AAAAQR==', 'AAAA+/']) {
      const bytes = decodeBase64(text);
      for (const { decode } of [portable, platform]) {
        expect(decode(text, text.replace(/=+$/, '').length)).toEqual(bytes);
      }
    }
    expect(decodeBase64('QR==')).toEqual(Uint8Array.of(0x41));
  });

  test('decoded bytes own their memory', () => {
    expect(decodeBase64('AQID').buffer.byteLength).toBe(3);
    expect(encodeBase64(new Uint8Array([9, 1, 2, 3, 9]).subarray(1, 4))).toBe('AQID');
  });
});

describe('Base58', () => {
  test('any bytes come back, leading zeros too', () => {
    fc.assert(
      fc.property(fc.nat(4), anyBytes, (zeros, tail) => {
        const bytes = concatBytes(new Uint8Array(zeros), tail);
        expect(decodeBase58(encodeBase58(bytes))).toEqual(bytes);
      }),
    );
    expect(encodeBase58(Uint8Array.of(0, 0, 0x61, 0x62, 0x63))).toBe('11ZiCa');
  });

  test('characters outside the alphabet are format/bytes', () => {
    for (const text of ['0', 'O', 'I', 'l', 'a b', 'a+', 'é', '\u0000']) {
      expect(codeOf(() => decodeBase58(text))).toBe('format/bytes');
    }
  });

  test('long text is format/limit, at once', () => {
    expect(codeOf(() => decodeBase58('z'.repeat(1 << 20)))).toBe('format/limit');
    expect(codeOf(() => decodeBase58('z'.repeat(129)))).toBe('format/limit');
    expect(codeOf(() => decodeBase58('z'.repeat(128)))).toBeUndefined();
  });
});

describe('hex', () => {
  test('any bytes come back, in either case', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const text = encodeHex(bytes);
        expect(text).toMatch(/^[0-9a-f]*$/);
        expect(decodeHex(text)).toEqual(bytes);
        expect(decodeHex(text.toUpperCase())).toEqual(bytes);
      }),
    );
  });

  test('odd length, prefix and other characters are format/bytes', () => {
    for (const text of ['1', '0x11', 'gg', ' 11', '1 1 ', '-1', '११']) {
      expect(codeOf(() => decodeHex(text))).toBe('format/bytes');
    }
  });
});

describe('UTF-8', () => {
  test('any well-formed text comes back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(utf8Decode(utf8Encode(text))).toBe(text);
      }),
    );
  });

  test('a byte order mark is a character', () => {
    expect(utf8Decode(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe('\ufeffa');
  });

  test('a lone surrogate is format/bytes, so that two texts never share a signature', () => {
    for (const text of ['\ud800', 'a\udc00b', '\udc00\ud800', '😀'.slice(0, 1)]) {
      expect(codeOf(() => utf8Encode(text))).toBe('format/bytes');
    }
    expect(codeOf(() => utf8Encode('😀'))).toBeUndefined();
  });

  test('bytes that are not UTF-8 are format/bytes', () => {
    for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82], [0xf5, 1, 1, 1]]) {
      expect(codeOf(() => utf8Decode(Uint8Array.from(bytes)))).toBe('format/bytes');
    }
  });
});

describe('byte arrays', () => {
  test('are joined into a new array', () => {
    fc.assert(
      fc.property(fc.array(anyBytes, { maxLength: 5 }), (parts) => {
        expect([...concatBytes(...parts)]).toEqual(parts.flatMap((part) => [...part]));
      }),
    );
    const one = Uint8Array.of(1);
    concatBytes(one)[0] = 2;
    expect(one[0]).toBe(1);
  });

  test('are compared by every byte', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (bytes, at, change) => {
          const other = Uint8Array.from(bytes);
          expect(equalBytes(bytes, other)).toBe(true);
          other[at % other.length] = (other[at % other.length] as number) ^ change;
          expect(equalBytes(bytes, other)).toBe(false);
          expect(equalBytes(bytes, bytes.subarray(1))).toBe(false);
        },
      ),
    );
    expect(equalBytes(new Uint8Array(), new Uint8Array())).toBe(true);
  });

  test('from the generator are of the length asked for, and new each time', () => {
    expect(randomBytes(0)).toHaveLength(0);
    expect(randomBytes(16)).toHaveLength(16);
    expect(equalBytes(randomBytes(16), randomBytes(16))).toBe(false);
  });
});
