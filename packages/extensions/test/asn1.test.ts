import { encodeHex, isProtocolError } from '@dimp/foundation';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DerReader, TAG } from '../src/asn1/der-reader.ts';
import { der, derBitString, derInteger, derSequence } from '../src/asn1/der-writer.ts';
import { readPem, writePem } from '../src/asn1/pem.ts';

const bytes = (...values: number[]) => Uint8Array.from(values);

function expectKeyError(run: () => unknown): void {
  let thrown: unknown;
  try {
    run();
  } catch (error) {
    thrown = error;
  }
  expect(isProtocolError(thrown, 'crypto/key')).toBe(true);
}

describe('DER', () => {
  test('what the writer makes, the reader takes, at every length of length', () => {
    for (const length of [0, 1, 127, 128, 255, 256, 65_000]) {
      const content = new Uint8Array(length).fill(7);
      const reader = new DerReader(der(TAG.octetString, content));
      expect(reader.read(TAG.octetString)).toEqual(content);
      reader.end();
    }
  });

  test('integers keep their magnitude and lose leading zeros', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (magnitude) => {
        const reader = new DerReader(derInteger(magnitude));
        const read = reader.integer();
        reader.end();
        expect(BigInt(`0x${encodeHex(read)}`)).toBe(BigInt(`0x${encodeHex(magnitude)}`));
        expect(read.length === 1 || read[0] !== 0).toBe(true);
      }),
    );
  });

  test('an element of more than 65,535 bytes is not written', () => {
    expect(() => der(TAG.octetString, new Uint8Array(65_536))).toThrow(RangeError);
  });

  test.each([
    ['indefinite length', bytes(0x30, 0x80, 0x00, 0x00)],
    ['long form for a short length', bytes(0x30, 0x81, 0x01, 0x00)],
    ['two length bytes for one', bytes(0x30, 0x82, 0x00, 0x80, ...new Uint8Array(0x80))],
    ['three length bytes', bytes(0x30, 0x83, 0x01, 0x00, 0x00)],
    ['cut before the length', bytes(0x30)],
    ['cut inside the length', bytes(0x30, 0x82, 0x01)],
    ['cut inside the content', bytes(0x30, 0x02, 0x05)],
    ['another tag', bytes(0x31, 0x00)],
    ['nothing', bytes()],
  ])('%s is crypto/key', (_name, encoded) => {
    expectKeyError(() => new DerReader(encoded).enter());
  });

  test.each([
    ['empty', bytes(0x02, 0x00)],
    ['negative', bytes(0x02, 0x01, 0x80)],
    ['not minimal', bytes(0x02, 0x02, 0x00, 0x7f)],
  ])('an integer that is %s is crypto/key', (_name, encoded) => {
    expectKeyError(() => new DerReader(encoded).integer());
  });

  test('a bit string of broken bytes and trailing data are crypto/key', () => {
    expectKeyError(() => new DerReader(bytes(0x03, 0x02, 0x01, 0x80)).bitString());
    expectKeyError(() => new DerReader(bytes(0x03, 0x00)).bitString());
    const reader = new DerReader(Uint8Array.of(...derSequence(), 0));
    reader.enter();
    expectKeyError(() => reader.end());
    expect(new DerReader(derBitString(bytes(1, 2))).bitString()).toEqual(bytes(1, 2));
  });

  test('random bytes give bytes or crypto/key, nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (noise) => {
        for (const read of ['enter', 'integer', 'bitString', 'smallInteger'] as const) {
          try {
            new DerReader(noise)[read]();
          } catch (error) {
            expect(isProtocolError(error, 'crypto/key')).toBe(true);
          }
        }
      }),
    );
  });
});

describe('PEM', () => {
  test('has LF, 64 columns and no newline at the end', () => {
    const lines = writePem('PUBLIC KEY', new Uint8Array(100)).split('\n');
    expect(lines[0]).toBe('-----BEGIN PUBLIC KEY-----');
    expect(lines.at(-1)).toBe('-----END PUBLIC KEY-----');
    expect(lines.slice(1, -1).map((line) => line.length)).toEqual([64, 64, 8]);
  });

  test('any body comes back, with any label and line ends', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (body) => {
        const text = writePem('X Y', body);
        expect(readPem(text)).toEqual([body]);
        expect(readPem(text.replaceAll('\n', '\r\n'))).toEqual([body]);
        expect(readPem(`junk before\n${text}\n`)).toEqual([body]);
        expect(readPem(`${text}\n${text}`)).toEqual([body, body]);
      }),
    );
  });

  test('text without header is read only where asked for', () => {
    expect(readPem('AQID', true)).toEqual([bytes(1, 2, 3)]);
    expectKeyError(() => readPem('AQID'));
  });

  test.each([
    ['no end', '-----BEGIN X-----\nAQID'],
    ['no end of the header', '-----BEGIN X'],
    ['empty body', '-----BEGIN X-----\n-----END X-----'],
    ['encrypted', '-----BEGIN X-----\nProc-Type: 4,ENCRYPTED\n\nAQID\n-----END X-----'],
    ['too long', `-----BEGIN X-----\n${'A'.repeat(40_000)}\n-----END X-----`],
    ['too many sections', `${writePem('X', bytes(1))}\n`.repeat(5)],
  ])('a section that is %s is crypto/key', (_name, text) => {
    expectKeyError(() => readPem(text));
  });

  test('a megabyte of headers is refused at once', () => {
    const text = '-----BEGIN '.repeat(100_000);
    expectKeyError(() => readPem(text, true));
  });
});
