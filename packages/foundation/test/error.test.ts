import { describe, expect, test } from 'vitest';
import { ERRORS, type ErrorCode, isProtocolError, ProtocolError } from '../src/index.ts';

describe('ProtocolError', () => {
  test('has a code, JSON details and a cause', () => {
    const cause = new Error('socket');
    const error = new ProtocolError('transport/timeout', 'no answer', {
      details: { ms: 5 },
      cause,
    });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      name: 'ProtocolError',
      code: 'transport/timeout',
      message: 'no answer',
      details: { ms: 5 },
      cause,
      retryable: true,
    });
    expect('cause' in new ProtocolError('crypto/key', 'bad')).toBe(false);
    expect(new ProtocolError('crypto/key', 'bad').details).toEqual({});
  });

  test('is recognised without its class, but by its mark only', () => {
    const error: unknown = new ProtocolError('crypto/key', 'bad');
    expect(isProtocolError(error)).toBe(true);
    expect(isProtocolError(error, 'crypto/key')).toBe(true);
    expect(isProtocolError(error, 'crypto/decrypt')).toBe(false);
    const foreign = Object.assign(new Error('x'), {
      code: 'crypto/key',
      [Symbol.for('@dimp/error')]: true,
    });
    expect(isProtocolError(foreign, 'crypto/key')).toBe(true);
    for (const other of [null, undefined, 'crypto/key', new Error('x'), { code: 'crypto/key' }]) {
      expect(isProtocolError(other)).toBe(false);
    }
  });

  test('knows its codes at compile time', () => {
    const code: ErrorCode = 'format/json';
    // @ts-expect-error there is no such code
    const wrong: ErrorCode = 'format/yaml';
    expect([code in ERRORS, wrong in ERRORS]).toEqual([true, false]);
    const error = new ProtocolError('format/json', 'x');
    const narrow: 'format/json' = error.code;
    expect(narrow).toBe('format/json');
  });

  test('every code has receipt and exit status, and is frozen', () => {
    for (const [code, entry] of Object.entries(ERRORS)) {
      expect(code).toMatch(/^[a-z]+\/[a-z-]+$/);
      expect(entry.receipt).toMatch(/\.$/);
      expect(entry.exit).toBeGreaterThanOrEqual(64);
      expect(entry.exit).toBeLessThanOrEqual(78);
    }
    expect(Object.isFrozen(ERRORS)).toBe(true);
  });

  test('an error and the table agree on what may be tried again', () => {
    for (const [code, entry] of Object.entries(ERRORS)) {
      expect(new ProtocolError(code as ErrorCode, 'x').retryable).toBe(entry.retry);
    }
    const again = Object.entries(ERRORS).filter(([, entry]) => entry.retry);
    expect(again.map(([code]) => code).sort()).toEqual([
      'policy/rate-limited',
      'store/conflict',
      'store/unavailable',
      'transport/closed',
      'transport/protocol',
      'transport/timeout',
      'transport/unknown-host',
      'transport/unreachable',
    ]);
  });

  test('says itself whether it may be tried again where its code does not tell', () => {
    const refused = new ProtocolError('transport/refused', 'x', { retryable: true });
    expect(refused.retryable).toBe(true);
    expect(Object.keys(refused)).not.toContain('retryable');
  });

  test('decryption failures share one code, which tells nothing', () => {
    expect(Object.keys(ERRORS).filter((code) => code.includes('decrypt'))).toEqual([
      'crypto/decrypt',
    ]);
  });
});
