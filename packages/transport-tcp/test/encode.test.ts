import { decodeHex, encodeHex, utf8Encode } from '@dimp/foundation';
import { describe, expect, test } from 'vitest';
import { automaticReply, encodeFrame, type MtpFrame, TransactionIds } from '../src/mtp.ts';
import { idOf } from './helpers.ts';

const body = utf8Encode('{}');

describe('encodeFrame', () => {
  test('chooses the head by id and pages', () => {
    const write = (id: Uint8Array, pages: number): string =>
      encodeHex(encodeFrame({ type: 'fragment', id, pages, index: pages - 1, body }));
    expect(write(new Uint8Array(8), 1)).toBe('44494d2a000000027b7d');
    expect(write(idOf(9), 1)).toBe('44494d4a0100000000000009000000027b7d');
    expect(write(idOf(9), 2)).toBe('44494d6a01000000000000090000000200000001000000027b7d');
    expect(write(new Uint8Array(8), 2)).toMatch(/^44494d6a0000000000000000/);
  });

  test('refuses what MTP cannot carry', () => {
    const good = { type: 'message', id: idOf(1), body } as const;
    expect(() => encodeFrame({ ...good, id: new Uint8Array(7) })).toThrow(RangeError);
    expect(() => encodeFrame({ ...good, pages: 0 })).toThrow(RangeError);
    expect(() => encodeFrame({ ...good, pages: 2_097_153 })).toThrow(RangeError);
    expect(() => encodeFrame({ ...good, pages: 1.5 })).toThrow(RangeError);
    expect(() => encodeFrame({ ...good, index: 1 })).toThrow(RangeError);
    expect(() => encodeFrame({ ...good, pages: 2, index: -1 })).toThrow(RangeError);
    const inherited = 'constructor' as MtpFrame['type'];
    expect(() => encodeFrame({ ...good, type: inherited })).toThrow(TypeError);
  });
});

describe('automaticReply', () => {
  const frame = { id: idOf(5), pages: 3, index: 1, body };

  test('answers with the same id, pages and index', () => {
    const ok = utf8Encode('OK');
    for (const type of ['message', 'fragment'] as const) {
      expect(automaticReply({ ...frame, type })).toEqual({
        ...frame,
        type: 'message-response',
        body: ok,
      });
    }
    expect(automaticReply({ ...frame, type: 'command' })).toEqual({
      ...frame,
      type: 'command-response',
      body: ok,
    });
  });

  test('answers PONG to the command PING only', () => {
    const replyTo = (type: MtpFrame['type'], text: string): string =>
      encodeHex(automaticReply({ ...frame, type, body: utf8Encode(text) })?.body ?? body);
    expect(replyTo('command', 'PING')).toBe(encodeHex(utf8Encode('PONG')));
    for (const text of ['PIN', 'PING ', 'ping', 'PONG', '']) {
      expect(replyTo('command', text)).toBe(encodeHex(utf8Encode('OK')));
    }
    expect(replyTo('message', 'PING')).toBe(encodeHex(utf8Encode('OK')));
  });

  test('never answers a response, so two peers cannot echo for ever', () => {
    expect(automaticReply({ ...frame, type: 'message-response' })).toBeUndefined();
    expect(automaticReply({ ...frame, type: 'command-response' })).toBeUndefined();
  });
});

describe('TransactionIds', () => {
  test('counts up over both halves and leaves zero out', () => {
    const carry = new TransactionIds(decodeHex('00000001ffffffff'));
    expect([carry.next(), carry.next()].map(encodeHex)).toEqual([
      '00000001ffffffff',
      '0000000200000000',
    ]);
    const wrap = new TransactionIds(decodeHex('ffffffffffffffff'));
    expect([wrap.next(), wrap.next()].map(encodeHex)).toEqual([
      'ffffffffffffffff',
      '0000000000000001',
    ]);
    expect(encodeHex(new TransactionIds(new Uint8Array(8)).next())).toBe('0000000000000001');
  });

  test('starts at random, and ids are independent copies', () => {
    const starts = new Set(
      Array.from({ length: 50 }, () => encodeHex(new TransactionIds().next())),
    );
    expect(starts.size).toBe(50);
    const start = idOf(1);
    const ids = new TransactionIds(start);
    start.fill(0xff);
    ids.next().fill(0xee);
    expect(ids.next()).toEqual(idOf(2));
  });

  test('refuses a start that is not 8 bytes', () => {
    expect(() => new TransactionIds(new Uint8Array(4))).toThrow(RangeError);
  });
});
