import { isProtocolError, type JsonObject } from '@dimp/foundation';
import {
  encodePortableNetworkFile,
  type PortableNetworkFile,
  parsePortableNetworkFile,
  portableNetworkFile,
} from '@dimp/mkm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const bytes = Uint8Array.from({ length: 24 }, (_, i) => i);
const base64 = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYX';

describe('parsePortableNetworkFile', () => {
  test.each<[string, string | JsonObject, PortableNetworkFile]>([
    ['a URL', 'https://x.example/a?b=c,d', { URL: 'https://x.example/a?b=c,d' }],
    ['a short word as a URL', 'abc', { URL: 'abc' }],
    ['a data URI', `data:image/png;base64,${base64}`, { data: bytes, mime: 'image/png' }],
    ['bare Base64 of 0.8', base64, { data: bytes }],
    ['a relative path', 'files/2026/picture-1.png', { URL: 'files/2026/picture-1.png' }],
    [
      'an object',
      { URL: 'u', key: { algorithm: 'PLAIN' } },
      { URL: 'u', key: { algorithm: 'PLAIN' } },
    ],
    ['JSON text of an object', '{"URL":"u","filename":"f"}', { URL: 'u', filename: 'f' }],
    ['data in an object', { data: base64, filename: 'f' }, { data: bytes, filename: 'f' }],
  ])('reads %s', (_, wire, file) => {
    expect(parsePortableNetworkFile(wire)).toEqual(file);
  });

  test('reads an absent value as absent', () => {
    for (const wire of [null, undefined, ''])
      expect(parsePortableNetworkFile(wire)).toBeUndefined();
    expect(() => portableNetworkFile.decode('', 'icon')).toThrow(
      expect.objectContaining({ code: 'format/field' }),
    );
  });

  test.each([5, [], { URL: 5 }, { key: 'x' }, { filename: {} }])('refuses %j', (wire) => {
    expect(() => parsePortableNetworkFile(wire as JsonObject)).toThrow(
      expect.objectContaining({ code: 'format/field' }),
    );
  });

  test('gives a file or a ProtocolError for any JSON', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.json()), (wire) => {
        try {
          parsePortableNetworkFile(wire as JsonObject);
        } catch (error) {
          expect(isProtocolError(error)).toBe(true);
        }
      }),
    );
  });
});

test('what is written is read back', () => {
  const file = fc
    .record(
      {
        data: fc.uint8Array({ minLength: 12, maxLength: 40 }),
        mime: fc.constantFrom('image/png', 'image/svg+xml'),
        filename: fc.stringMatching(/^[a-z.]{1,8}$/),
        URL: fc.webUrl(),
        key: fc.constant({ algorithm: 'PLAIN' }),
      },
      { requiredKeys: [] },
    )
    .filter(
      (each) => each.data !== undefined || (each.mime === undefined && each.URL !== undefined),
    );
  fc.assert(
    fc.property(file, (each) => {
      const wire = JSON.parse(JSON.stringify(encodePortableNetworkFile(each)));
      expect(parsePortableNetworkFile(wire)).toEqual(each);
    }),
  );
});

test('a URL alone and a picture alone are written as text', () => {
  expect(encodePortableNetworkFile({ URL: 'https://x.example' })).toBe('https://x.example');
  expect(encodePortableNetworkFile({ data: bytes, mime: 'image/png' })).toBe(
    `data:image/png;base64,${base64}`,
  );
});
