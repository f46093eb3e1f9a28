import * as contents from '@dimp/extensions/contents';
import { describe, expect, test } from 'vitest';
import {
  alice,
  bob,
  codeOf,
  group,
  neverThrowsAnythingElse,
  read,
  registry,
  write,
} from './reader.ts';

const key = { algorithm: 'AES', data: 'AAAA' };

describe('files', () => {
  test('read their key from `password` of older peers, and write `key`', () => {
    expect(read({ type: '16', password: key })).toEqual(['file', { key }]);
    expect(read({ type: '16', key, password: { algorithm: 'DES' } })).toEqual(['file', { key }]);
    expect(write(contents.File.create({ key }))).toEqual({ type: '16', key });
  });

  test('read a thumbnail as URL, data URI or bare Base64', () => {
    const thumbnail = (value: string) =>
      (read({ type: '18', thumbnail: value })[1] as contents.ImageBody).thumbnail;
    expect(thumbnail('https://x.example/t.png')).toEqual({ URL: 'https://x.example/t.png' });
    expect(thumbnail('data:image/png;base64,AAAA')).toEqual({
      data: new Uint8Array(3),
      mime: 'image/png',
    });
    expect(thumbnail('AAAAAAAAAAAAAAAAAAAAAAAA')).toEqual({ data: new Uint8Array(18) });
    expect(thumbnail('')).toBeUndefined();
  });

  test.each([{ data: '' }, { data: 5 }, { filename: 5 }, { URL: {} }, { key: 'AAAA' }, { IV: [] }])(
    'refuse %j as format/field',
    (change) => {
      expect(codeOf({ type: '16', ...change })).toBe('format/field');
    },
  );

  test('refuse bytes that cannot be decoded', () => {
    expect(codeOf({ type: '16', data: '!' })).toBe('format/bytes');
    expect(codeOf({ type: '16', IV: 'rot13,uryyb' })).toBe('unsupported/algorithm');
  });
});

describe('forward', () => {
  const one = { sender: 'a' };
  const two = { sender: 'b' };

  test('writes one message as `forward`, any other number as `secrets`', () => {
    const { Forward } = contents;
    expect(write(Forward.create({ messages: [one] }))).toEqual({ type: '255', forward: one });
    expect(write(Forward.create({ messages: [one, two] }))).toEqual({
      type: '255',
      secrets: [one, two],
    });
    expect(write(Forward.create({ messages: [] }))).toEqual({ type: '255', secrets: [] });
  });

  test('keeps messages exactly as received, and prefers `secrets`', () => {
    const wire = { type: '255', forward: two, secrets: [one] };
    const content = registry.parse(wire);
    expect((content.body as contents.ForwardBody).messages[0]).toBe(one);
  });

  test.each([{}, { forward: 'x' }, { secrets: {} }, { secrets: [5] }, { forward: null }])(
    'refuses %j',
    (change) => {
      expect(codeOf({ type: '255', ...change })).toBe('format/field');
    },
  );
});

describe('array', () => {
  const text = { type: '1', sn: 1, text: 'x' };
  const list = (length: number) => ({ type: '202', contents: Array.from({ length }, () => text) });

  test('has at most 64 contents', () => {
    expect(codeOf(list(contents.MAX_ARRAY_CONTENTS))).toBe('none');
    expect(codeOf(list(contents.MAX_ARRAY_CONTENTS + 1))).toBe('format/limit');
  });

  test('reads contents of any kind, unknown ones included, and other arrays', () => {
    const body = read({ type: '202', contents: [text, { type: '77' }, list(1)] })[1];
    const kinds = (body as contents.ArrayBody).contents.map((each) => each.kind);
    expect(kinds).toEqual(['text', 'unknown', 'array']);
  });

  test('writes the wire objects of its contents', () => {
    const inner = registry.stamp(contents.Text.create({ text: 'x' }), { sn: 1, time: 2 });
    expect(write(contents.ArrayContent.create({ contents: [inner] }))['contents']).toEqual([
      inner.wire,
    ]);
  });

  test.each([[{}], [[5]], [[{ sn: 1 }]], [[{ type: '1', text: 5 }]]])('refuses %j', (value) => {
    expect(codeOf({ type: '202', contents: value })).toBe('format/field');
  });
});

describe('customized', () => {
  const wire = { type: '204', app: 'a', mod: 'm', act: 'x' };

  test('carries members of the application, those of the protocol left out', () => {
    expect(
      read({
        ...wire,
        sn: 1,
        time: 2,
        group: group.text,
        cmd: 'c',
        move: 'e2',
        nested: { a: [1] },
      }),
    ).toEqual([
      'customized',
      { app: 'a', mod: 'm', act: 'x', extra: { move: 'e2', nested: { a: [1] } } },
    ]);
    expect(read(wire)).toEqual(['customized', { app: 'a', mod: 'm', act: 'x' }]);
  });

  test('keeps a member called __proto__ as data', () => {
    const hostile = JSON.parse(
      '{"type":"204","app":"a","mod":"m","act":"x","__proto__":{"admin":true}}',
    );
    const { extra } = read(hostile)[1] as contents.CustomizedBody;
    expect(Object.getPrototypeOf(extra)).toBe(Object.prototype);
    expect(Object.keys(extra ?? {})).toEqual(['__proto__']);
  });

  test.each(['type', 'sn', 'time', 'group', 'command', 'app', 'mod', 'act'])(
    'refuses to write %s from extra',
    (name) => {
      const body = { app: 'a', mod: 'm', act: 'x', extra: { [name]: 'y' } };
      expect(() => write(contents.Customized.create(body))).toThrow(TypeError);
    },
  );

  test.each(['app', 'mod', 'act'])('needs %s', (name) => {
    expect(codeOf({ ...wire, [name]: null })).toBe('format/field');
    expect(codeOf({ ...wire, [name]: 5 })).toBe('format/field');
  });
});

describe('contents about others', () => {
  test('a card reads its ID under both names', () => {
    expect(read({ type: '51', ID: bob.text })).toEqual(['card', { did: bob }]);
    expect(codeOf({ type: '51', name: 'x' })).toBe('format/field');
  });

  test('a quote reads a type number as text', () => {
    const origin = { sender: alice.text, receiver: group.text, type: 1, sn: '5', time: '6.5' };
    expect(read({ type: '55', text: 'yes', origin })).toEqual([
      'quote',
      { text: 'yes', origin: { sender: alice, receiver: group, type: '1', sn: 5, time: 6.5 } },
    ]);
    expect(codeOf({ type: '55', text: 'yes' })).toBe('format/field');
    expect(codeOf({ type: '55', text: 'yes', origin: { sender: 'a@b@c' } })).toBe('format/field');
  });

  test('combined messages need a sender and a content', () => {
    const message = { sender: alice.text, content: { type: '1', text: 'x' } };
    expect(codeOf({ type: '207', messages: [message] })).toBe('none');
    expect(codeOf({ type: '207', messages: [{ ...message, sender: null }] })).toBe('format/field');
    expect(codeOf({ type: '207', messages: [{ ...message, content: 'x' }] })).toBe('format/field');
    expect(codeOf({ type: '207', title: 't' })).toBe('format/field');
  });

  test('an amount may be written as text, and is finite', () => {
    expect(read({ type: '64', currency: 'USD', amount: '3.25' })).toEqual([
      'money',
      { currency: 'USD', amount: 3.25 },
    ]);
    for (const amount of ['', '1e999', 'NaN', '0x10', null, true]) {
      expect(codeOf({ type: '64', currency: 'USD', amount })).toBe('format/field');
    }
    expect(codeOf({ type: '64', currency: '', amount: 1 })).toBe('format/field');
    expect(() => write(contents.Money.create({ currency: 'USD', amount: Number.NaN }))).toThrow(
      RangeError,
    );
  });
});

test('an empty text is a text, a missing one is not', () => {
  expect(read({ type: '1', text: '' })).toEqual(['text', { text: '' }]);
  expect(codeOf({ type: '1' })).toBe('format/field');
  expect(codeOf({ type: '1', text: { a: 1 } })).toBe('format/field');
});

test.each(contents.standardContents.map((type) => [type.kind, type.match] as const))(
  'any JSON in a content of kind %s is read or refused',
  (_, match) => {
    const fixed = { type: (match as { type: string }).type };
    neverThrowsAnythingElse(
      fixed,
      'sn',
      'time',
      'group',
      'text',
      'data',
      'URL',
      'key',
      'password',
      'IV',
      'thumbnail',
      'snapshot',
      'icon',
      'avatar',
      'did',
      'ID',
      'origin',
      'contents',
      'messages',
      'forward',
      'secrets',
      'app',
      'mod',
      'act',
    );
  },
);
