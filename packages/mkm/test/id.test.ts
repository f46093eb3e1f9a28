import { isProtocolError } from '@dimp/foundation';
import {
  checkName,
  directionKey,
  displayNumber,
  idReader,
  makeID,
  parseID,
  sameEntity,
  seedNumber,
} from '@dimp/mkm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addresses, ids, toy } from './helpers.ts';

const read = (text: unknown) => parseID(text, addresses);

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isProtocolError(error)) return error.code;
    throw error;
  }
  return 'none';
}

describe('parseID', () => {
  test('splits name, address and terminal', () => {
    const id = read('alice@toy:00:0a0b0c0d/phone');
    expect([id.name, id.address.text, id.terminal]).toEqual(['alice', 'toy:00:0a0b0c0d', 'phone']);
    expect(id.entity).toBe('alice@toy:00:0a0b0c0d');
  });

  test('keeps what follows the first slash in the terminal', () => {
    expect(read('toy:00:0a0b0c0d/a/b@c').terminal).toBe('a/b@c');
  });

  test('reads empty names and terminals as absent', () => {
    const id = read('@toy:00:0a0b0c0d/');
    expect([id.name, id.terminal]).toEqual([undefined, undefined]);
  });

  test('keeps the spelling, and compares by the canonical address', () => {
    const upper = read('alice@toy:00:0A0B0C0D');
    expect(upper.text).toBe('alice@toy:00:0A0B0C0D');
    expect(`${upper}`).toBe(upper.text);
    expect(JSON.stringify({ upper })).toBe('{"upper":"alice@toy:00:0A0B0C0D"}');
    expect(sameEntity(upper, read('alice@toy:00:0a0b0c0d/phone'))).toBe(true);
  });

  test('takes IDs with another name, or none, for other entities', () => {
    const id = read('alice@toy:00:0a0b0c0d');
    expect(sameEntity(id, read('Alice@toy:00:0a0b0c0d'))).toBe(false);
    expect(sameEntity(id, read('toy:00:0a0b0c0d'))).toBe(false);
  });

  test.each([
    ['nothing', ''],
    ['a number', 5],
    ['null', null],
    ['an object', { toString: 1 }],
    ['two @', 'a@b@toy:00:0a0b0c0d'],
    ['no address', 'alice@'],
    ['a slash first', '/phone'],
    ['a control character', 'al\nice@toy:00:0a0b0c0d'],
    ['DEL in the terminal', 'toy:00:0a0b0c0d/\x7f'],
    ['half a surrogate pair in the name', 'al\ud800ice@toy:00:0a0b0c0d'],
    ['half a surrogate pair in the terminal', 'toy:00:0a0b0c0d/\udc00'],
    ['a damaged address', 'alice@toy:00:zz'],
    ['more than 256 characters', `${'x'.repeat(256)}@toy:00:0a0b0c0d`],
  ])('refuses %s as format/field', (_, text) => {
    expect(codeOf(() => read(text))).toBe('format/field');
  });

  test('refuses an address of no family as unsupported/address', () => {
    expect(codeOf(() => read('alice@nowhere'))).toBe('unsupported/address');
  });

  test('gives an ID or a format/ or unsupported/ error for any text', () => {
    const part = fc.oneof(
      fc.string(),
      fc.constantFrom('@', '/', 'toy:00:0a0b0c0d', 'anywhere', 'everywhere', 'alice'),
    );
    const parts = fc.array(part, { maxLength: 6 });
    fc.assert(
      fc.property(parts, (list) => {
        const code = codeOf(() => read(list.join('')));
        expect(['none', 'format/field', 'unsupported/address']).toContain(code);
      }),
    );
  });

  test('puts IDs together that read back as the same entity', () => {
    const name = fc.stringMatching(/^[a-z.]{1,8}$/);
    fc.assert(
      fc.property(
        fc.option(name),
        fc.integer({ min: 0, max: 255 }),
        fc.option(name),
        (n, net, t) => {
          const address = toy.generate(Uint8Array.of(net), net);
          const id = makeID({ name: n ?? undefined, address, terminal: t ?? undefined });
          const again = read(id.text);
          expect(again.entity).toBe(id.entity);
          expect(again.terminal).toBe(id.terminal);
        },
      ),
    );
  });

  test('IDs are frozen', () => {
    expect(Object.isFrozen(read('alice@toy:00:0a0b0c0d'))).toBe(true);
  });
});

describe('reserved names', () => {
  test.each([
    ['Anyone@AnyWhere', 'anyone@anywhere'],
    ['EVERYONE@everywhere', 'everyone@everywhere'],
    ['Moky@anywhere', 'moky@anywhere'],
    ['Station@anywhere', 'Station@anywhere'],
    ['Anyone@everywhere', 'Anyone@everywhere'],
  ])('%s is the entity %s', (text, entity) => {
    expect(read(text).entity).toBe(entity);
  });

  test('are not folded on addresses of one entity', () => {
    expect(read('Anyone@toy:00:0a0b0c0d').name).toBe('Anyone');
  });
});

describe('checkName', () => {
  test('accepts names of 1 to 32 bytes', () => {
    expect(checkName('小明')).toBe('小明');
    expect(checkName('x'.repeat(32))).toHaveLength(32);
  });

  test.each(['', 'x'.repeat(33), '小'.repeat(11), 'a b', 'a/b', 'a@b', 'a\u0000', 'a\u3000b'])(
    'refuses %j',
    (name) => {
      expect(codeOf(() => checkName(name))).toBe('format/field');
    },
  );
});

describe('idReader', () => {
  test('remembers IDs, and forgets the oldest above its capacity', () => {
    const reader = idReader(addresses, 2);
    const first = reader.parse('a@anywhere');
    expect(reader.parse('a@anywhere')).toBe(first);
    reader.parse('b@anywhere');
    reader.parse('c@anywhere');
    expect(reader.parse('a@anywhere')).not.toBe(first);
  });

  test('forgets half under memory pressure', () => {
    const reader = idReader(addresses, 4);
    const [a, b] = [reader.parse('a@anywhere'), reader.parse('b@anywhere')];
    reader.reduceMemory();
    expect(reader.parse('b@anywhere')).toBe(b);
    expect(reader.parse('a@anywhere')).not.toBe(a);
  });

  test('writes the spelling received', () => {
    const id = ids.schema.decode('Anyone@anywhere', 'did');
    expect(ids.schema.encode(id)).toBe('Anyone@anywhere');
  });
});

test('a direction has a key of its own, independent of terminals', () => {
  const [one, other] = [read('a@toy:00:00000001'), read('b@toy:00:00000002/pad')];
  expect(directionKey(one, other)).not.toBe(directionKey(other, one));
  expect(directionKey(one, other)).toBe(directionKey(one, read('b@toy:00:00000002')));
});

describe('search numbers', () => {
  test('are shown in groups, with leading zeros', () => {
    expect(displayNumber(read('x@toy:00:00000007'))).toBe('000-000-0007');
    expect(displayNumber(read('x@toy:00:ffffffff'))).toBe('429-496-7295');
  });

  test('have the other byte order for 0.8 peers', () => {
    expect(seedNumber(read('x@toy:00:01020304'))).toBe(0x04030201);
    expect(seedNumber(read('x@toy:00:000000ff'))).toBe(0xff000000);
    expect(seedNumber(read('anyone@anywhere'))).toBe(9527);
  });
});
