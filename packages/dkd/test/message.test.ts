import { isBroadcast, parseEnvelope, parseReliableMessage } from '@dimp/dkd';
import { isProtocolError, type JsonObject, utf8Encode } from '@dimp/foundation';
import { ANYONE, addressRegistry, EVERYONE, idReader } from '@dimp/mkm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toyAddress } from './helpers.ts';

const ids = idReader(addressRegistry(toyAddress));
const read = (wire: JsonObject) => parseReliableMessage(wire, ids.parse);
const alice = ids.parse('alice@toy');
const personal: JsonObject = {
  sender: 'alice@toy',
  receiver: 'bob@toy',
  time: 5.5,
  type: 1,
  data: 'AAEC',
  key: 'AwQ=',
  keys: { 'bob@toy': 'AwQ=', digest: 5 },
  IV: 'kept',
  signature: 'BQY=',
};

describe('parseReliableMessage', () => {
  test('reads a personal message', () => {
    const message = read(personal);
    expect(message.envelope).toEqual({
      sender: alice,
      receiver: ids.parse('bob@toy'),
      time: 5.5,
      type: '1',
    });
    expect(message.broadcast).toBe(false);
    expect([message.data, message.key, message.signature]).toEqual([
      Uint8Array.of(0, 1, 2),
      Uint8Array.of(3, 4),
      Uint8Array.of(5, 6),
    ]);
    expect({ ...message.keys }).toEqual({ 'bob@toy': 'AwQ=' });
    expect(message.wire).toBe(personal);
  });

  test('takes the data of a broadcast message as it stands', () => {
    const data = '{"type": 1, "text": "\\u4f60"}';
    const message = read({ ...personal, receiver: 'everyone@everywhere', data });
    expect(message.broadcast).toBe(true);
    expect(message.data).toEqual(utf8Encode(data));
  });

  test('keeps the object as received beside the normalized one', () => {
    const received = { F: 'alice@toy' };
    expect(parseReliableMessage(personal, ids.parse, received).wire).toBe(received);
  });

  test('keeps attached metas and visas unread', () => {
    const message = read({ ...personal, meta: { a: 1 }, visa: { b: 2 } });
    expect([message.meta, message.visa]).toEqual([{ a: 1 }, { b: 2 }]);
  });

  test.each<[string, JsonObject, string]>([
    ['no sender', { sender: null }, 'format/field'],
    ['a damaged sender', { sender: 'a@b@c' }, 'format/field'],
    ['a sender of no family', { sender: 'nowhere' }, 'unsupported/address'],
    ['a receiver that is a list', { receiver: ['bob@toy'] }, 'format/field'],
    ['a group that is a number', { group: 5 }, 'format/field'],
    ['a time that is not a number', { time: {} }, 'format/field'],
    ['a type that is an object', { type: {} }, 'format/field'],
    ['no data', { data: null }, 'format/field'],
    ['empty data', { data: '' }, 'format/field'],
    ['data that is a number', { data: 5 }, 'format/field'],
    ['data that is no Base64', { data: '!' }, 'format/bytes'],
    ['broadcast data that is an object', { receiver: 'x@everywhere', data: {} }, 'format/field'],
    [
      'broadcast data with a lone surrogate',
      { receiver: 'x@everywhere', data: '\ud800' },
      'format/bytes',
    ],
    ['no signature', { signature: null }, 'format/field'],
    ['an empty signature', { signature: '' }, 'format/field'],
    ['a signature that is no Base64', { signature: '!' }, 'format/bytes'],
    ['a key that is a list', { key: [] }, 'format/field'],
    ['an empty key', { key: '' }, 'format/field'],
    ['keys that are text', { keys: 'AwQ=' }, 'format/field'],
    ['a meta that is text', { meta: 'x' }, 'format/field'],
    ['a visa that is a list', { visa: [] }, 'format/field'],
  ])('refuses %s', (_, change, code) => {
    expect(() => read({ ...personal, ...change })).toThrow(expect.objectContaining({ code }));
  });

  test('gives a message or a ProtocolError for any members', () => {
    const change = fc.dictionary(
      fc.constantFrom(...Object.keys(personal), 'group', 'meta', 'visa'),
      fc.jsonValue({ maxDepth: 3 }),
    );
    fc.assert(
      fc.property(change, (members) => {
        try {
          expect(read({ ...personal, ...(members as JsonObject) }).data.length).toBeGreaterThan(0);
        } catch (error) {
          if (!isProtocolError(error)) throw error;
        }
      }),
    );
  });
});

describe('parseEnvelope', () => {
  test('a missing receiver means ANYONE, a missing time 0, an empty group none', () => {
    expect(parseEnvelope({ sender: 'alice@toy', group: '', type: '' }, ids.parse)).toEqual({
      sender: alice,
      receiver: ANYONE,
      time: 0,
    });
  });
});

describe('isBroadcast', () => {
  const group = ids.parse('club@everywhere');

  test('asks the receiver and the group of the envelope', () => {
    expect(isBroadcast({ receiver: EVERYONE })).toBe(true);
    expect(isBroadcast({ receiver: ANYONE })).toBe(true);
    expect(isBroadcast({ receiver: alice, group })).toBe(true);
    expect(isBroadcast({ receiver: alice })).toBe(false);
    expect(isBroadcast({ receiver: alice, group: alice })).toBe(false);
  });
});
