import { type ErrorCode, isProtocolError, utf8Encode } from '@dimp/foundation';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readPayload } from '../src/payload.ts';

/** The code of the error that `action` throws. */
function codeOf(action: () => unknown): ErrorCode | 'none' {
  try {
    action();
    return 'none';
  } catch (error) {
    if (isProtocolError(error)) return error.code;
    throw error;
  }
}

/** JSON objects without line feeds, as peers write them. */
const messageText = fc
  .dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean()))
  .map((object) => JSON.stringify(object));

describe('readPayload', () => {
  test('gives messages back as the very text received', () => {
    const text = '{"b" :1, "a":  "x\\n\u2028y"}';
    expect(readPayload(text)).toEqual({ kind: 'messages', messages: [text] });
    expect(readPayload(utf8Encode(text))).toEqual({ kind: 'messages', messages: [text] });
  });

  test('separates at LF only, and ignores blank lines and CR', () => {
    const payload = readPayload('\n{"a":1}\r\n \t\n{"b":"\u2028\u0085\u000b"}\n\n{"c":3}\n');
    expect(payload).toEqual({
      kind: 'messages',
      messages: ['{"a":1}', '{"b":"\u2028\u0085\u000b"}', '{"c":3}'],
    });
  });

  test('any messages, joined by line feeds and white space, come out in order', () => {
    const gap = fc.constantFrom('\n', '\n\n', '\r\n', ' \n\t');
    fc.assert(
      fc.property(fc.array(messageText, { minLength: 1 }), gap, (messages, separator) => {
        const text = messages.join(separator);
        const expected = { kind: 'messages', messages };
        expect(readPayload(text)).toEqual(expected);
        expect(readPayload(utf8Encode(text))).toEqual(expected);
      }),
    );
  });

  test('recognises control words, and nothing that only looks like one', () => {
    expect(readPayload('PING')).toEqual({ kind: 'ping', reply: 'PONG' });
    for (const word of ['PONG', 'NOOP', 'OK', '', '\n', ' \r\n']) {
      expect(readPayload(word)).toEqual({ kind: 'ignored' });
    }
    for (const word of ['ping', 'PINGS', 'OK OK', 'null', '1', '"{}"', '\ufeff{}']) {
      expect(codeOf(() => readPayload(word))).toBe('format/json');
    }
  });

  test('reads acknowledgements by members, not by position', () => {
    expect(readPayload('ACK:{"time":"5.5","signature":"AA=="}')).toEqual({
      kind: 'ack',
      time: 5.5,
      signature: 'AA==',
    });
    expect(readPayload('ACK: {"note":"\\"signature\\":\\"BB\\"","signature":"AA=="}')).toEqual({
      kind: 'ack',
      signature: 'AA==',
    });
  });

  test('refuses acknowledgements that name no message', () => {
    for (const body of ['{}', '{"signature":""}', '{"signature":1}', '{"signature":null}']) {
      expect(codeOf(() => readPayload(`ACK:${body}`))).toBe('format/field');
    }
    for (const body of ['', 'AA==', '[]', '{"signature":"A"}{}']) {
      expect(codeOf(() => readPayload(`ACK:${body}`))).toBe('format/json');
    }
    expect(codeOf(() => readPayload('ACK:{"time":"soon","signature":"A"}'))).toBe('format/field');
  });

  test('refuses a payload with a line that is not an object', () => {
    for (const text of ['{}\nnope', '{}\n[1]', '{}\nPING', '{"a":1', '{}\n{}x']) {
      expect(codeOf(() => readPayload(text))).toBe('format/json');
    }
  });

  test('refuses bytes that are not UTF-8', () => {
    expect(codeOf(() => readPayload(Uint8Array.of(0x7b, 0xff, 0x7d)))).toBe('format/json');
  });

  test('has limits on length and on messages', () => {
    const limits = { maxLength: 10, maxMessages: 2 };
    expect(readPayload('{}\n{}', limits).kind).toBe('messages');
    expect(codeOf(() => readPayload('{}\n{}\n{}', limits))).toBe('format/limit');
    expect(codeOf(() => readPayload(' '.repeat(11), limits))).toBe('format/limit');
    expect(codeOf(() => readPayload(new Uint8Array(11), limits))).toBe('format/limit');
    expect(codeOf(() => readPayload('{}\n'.repeat(5000)))).toBe('format/limit');
  });

  test('any text and any bytes give a payload or a ProtocolError, never another exception', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('{', '}', '\n', '\r', ' ', '"', 'A', 'C', 'K', ':') }),
    );
    fc.assert(fc.property(text, (input) => void codeOf(() => readPayload(input))));
    fc.assert(fc.property(fc.uint8Array(), (input) => void codeOf(() => readPayload(input))));
  });

  test('takes linear time on white space and on blank lines', () => {
    for (const unit of [' ', '\n', '\r\n', '{} ', ' {']) {
      codeOf(() => readPayload(unit.repeat(400_000 / unit.length)));
    }
    // Quadratic work on 400,000 characters would take minutes.
  });
});
