import { describe, expect, test } from 'vitest';
import {
  askForeign,
  callForeign,
  type ErrorCode,
  type ForeignFailure,
  foreignError,
  type Json,
  ProtocolError,
} from '../src/index.ts';
import { array, lenientArray, object, parseWith, type Schema, schema } from '../src/schema.ts';

const failure: ForeignFailure = { code: 'crypto/key', message: 'key cannot be read' };
const thrown = [
  new TypeError('x'),
  new RangeError('Maximum call stack size exceeded'),
  'text',
  undefined,
  null,
];

/** Returns the error of a function; fails the test if it throws none. */
function errorOf(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('a plug-in', () => {
  test.each(thrown)('any thrown value becomes an error with a code: %s', async (what) => {
    const throws = (): never => {
      throw what;
    };
    const expected = { code: 'crypto/key', message: 'key cannot be read', cause: what };
    expect(errorOf(() => callForeign(failure, throws))).toMatchObject(expected);
    expect(errorOf(() => askForeign(failure, throws))).toMatchObject(expected);
    const later = async (): Promise<never> => throws();
    await expect(askForeign(failure, later)).rejects.toMatchObject(expected);
  });

  test('its results pass, synchronous or not', async () => {
    expect(callForeign(failure, () => 5)).toBe(5);
    expect(askForeign(failure, () => 5)).toBe(5);
    expect(await askForeign(failure, async () => 5)).toBe(5);
  });

  test('may refuse input with its own code, but cannot report a failed store or connection', () => {
    const refusals: ErrorCode[] = ['format/limit', 'unsupported/content', 'crypto/decrypt'];
    for (const code of refusals) {
      const own = new ProtocolError(code, 'x');
      expect(foreignError(own, failure)).toBe(own);
    }
    const others: ErrorCode[] = ['store/unavailable', 'transport/closed', 'policy/rate-limited'];
    for (const code of others) {
      const own = new ProtocolError(code, 'x');
      expect(foreignError(own, failure)).toMatchObject({ code: 'crypto/key', cause: own });
    }
  });

  test('a key may report that it cannot be reached, but not that the store has failed', async () => {
    const far = new ProtocolError('transport/timeout', 'x');
    await expect(askForeign(failure, () => Promise.reject(far))).rejects.toBe(far);
    const full = new ProtocolError('store/quota', 'x');
    await expect(askForeign(failure, () => Promise.reject(full))).rejects.toMatchObject({
      code: 'crypto/key',
      cause: full,
    });
  });

  test('a promise instead of a result is refused, and its rejection becomes the cause', async () => {
    const reason = new TypeError('later');
    const error = errorOf(() => callForeign(failure, () => Promise.reject(reason)));
    expect(error).toMatchObject({ code: 'crypto/key', details: { reason: 'promise' } });
    await Promise.resolve();
    await Promise.resolve();
    expect(error).toMatchObject({ cause: reason });
  });
});

describe('schemas of applications', () => {
  /** A schema as an application may write it, with a mistake that the compiler does not see. */
  const wrong = (decode: (value: unknown) => unknown): Schema<unknown> =>
    schema(decode, (value) => String(value));

  test.each(thrown)('a thrown value is format/field: %s', (what) => {
    const throws = wrong(() => {
      throw what;
    });
    for (const each of [throws, object({ a: throws }), object({ a: array(throws) })]) {
      expect(errorOf(() => parseWith(each, { a: [1] }, 'body'))).toMatchObject({
        code: 'format/field',
        details: { field: 'body' },
        cause: what,
      });
    }
  });

  test('endless recursion refuses the value', () => {
    const deeper = (value: unknown): unknown => [deeper(value)];
    expect(errorOf(() => parseWith(wrong(deeper), 1, 'body'))).toMatchObject({
      code: 'format/field',
      // A RangeError; Firefox has a type of its own for it.
      cause: expect.any(Error),
    });
  });

  test('a promise never gets into a value, however deep', () => {
    const later = wrong(() => Promise.reject(new Error('nobody waits')));
    const values: [Schema<unknown>, Json][] = [
      [later, 1],
      [object({ a: later }), { a: 1 }],
      [array(later), [1]],
      [lenientArray(later), [1]],
      [array(object({ a: later })), [{ a: 1 }]],
    ];
    for (const [each, value] of values) {
      const read = (): unknown => parseWith(each, value, 'body');
      if (each === values[3]?.[0]) expect(read()).toEqual([]);
      else expect(errorOf(read)).toMatchObject({ code: 'format/field' });
    }
  });
});
