import { type JsonObject, parseJsonObject } from '@dimp/foundation';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkUnambiguous } from '../src/ingress/unambiguous.ts';

const readable = (value: unknown): boolean => /^[^\p{Surrogate}]*$/u.test(JSON.stringify(value));

test('any JSON object passes, and none with a member twice at any depth', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ minLength: 2, unit: 'grapheme' }), fc.jsonValue(), { minKeys: 1 }),
      fc.nat(),
      (given, place) => {
        const text = JSON.stringify({ outer: [given] });
        fc.pre(readable(parseJson(text)));
        expect(() => checkUnambiguous(text, parseJson(text))).not.toThrow();
        const name = Object.keys(given)[place % Object.keys(given).length] ?? '';
        const twice = text.replace('[{', `[{${JSON.stringify(name)}:null,`);
        expect(() => checkUnambiguous(twice, parseJson(twice))).toThrowError(
          expect.objectContaining({ code: 'format/json' }),
        );
      },
    ),
  );
});

function parseJson(text: string): JsonObject {
  try {
    return parseJsonObject(text);
  } catch {
    // A name that the JSON parser refuses.
    fc.pre(false);
    return {};
  }
}
