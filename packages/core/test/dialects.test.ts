import { isProtocolError, type JsonObject } from '@dimp/foundation';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  deployed,
  expandShortKeys,
  next,
  normalizeContent,
  normalizeMessage,
  seed,
  shortenKeys,
} from '../src/dialects.ts';

const json = fc.dictionary(
  fc.oneof(
    fc.constantFrom('type', 'T', 'sn', 'N', 'time', 'W', 'command', 'cmd', 'did', 'ID', 'key', 'K'),
    fc.string(),
  ),
  fc.jsonValue(),
) as fc.Arbitrary<JsonObject>;

/** Contents in the normalized spelling, and what every dialect must leave as it is for a reader. */
const contents: readonly JsonObject[] = [
  { type: '1', sn: 1, time: 5, text: 'x' },
  { type: '16', sn: 2, time: 5, filename: 'a', URL: 'http://x/', key: { algorithm: 'AES' } },
  { type: '51', sn: 3, time: 5, did: 'u1', name: 'n' },
  { type: '136', sn: 4, time: 5, command: 'handshake', title: 'DIM?' },
  { type: '136', sn: 5, time: 5, command: 'meta', did: 'u1' },
  { type: '136', sn: 6, time: 5, command: 'login', did: 'u1', station: { did: 'u2', port: 1 } },
  { type: '137', sn: 7, time: 5, command: 'invite', group: 'g1', members: ['u1'] },
  { type: '204', sn: 8, time: 5, app: 'a', mod: 'm', act: 'x' },
];

describe.each([deployed, next])('the $name dialect', (dialect) => {
  test.each(contents)('is read back as what was written: %j', (content) => {
    const read = normalizeContent(dialect.outgoing('content', content));
    for (const [name, value] of Object.entries(content)) expect(read[name]).toEqual(value);
  });
});

test('a receipt alone names its message three times for older peers, one in a list only once', () => {
  const origin = { sender: 'u1', receiver: 'u2', signature: 'x' };
  const receipt = { type: '136', sn: 9, time: 5, command: 'receipt', text: 'done', origin };
  expect(deployed.outgoing('content', receipt)).toMatchObject({
    ...origin,
    origin,
    envelope: origin,
  });
  const list = { type: '202', sn: 10, time: 5, contents: [receipt] };
  expect(deployed.outgoing('content', list)).toEqual({
    ...list,
    type: 202,
    contents: [{ ...receipt, cmd: 'receipt' }],
  });
});

test('the seed dialect has the names of its time', () => {
  expect(seed.outgoing('content', contents[1] as JsonObject)).toMatchObject({
    type: 16,
    password: { algorithm: 'AES' },
  });
  expect(seed.outgoing('content', contents[3] as JsonObject)).toMatchObject({ message: 'DIM?' });
  expect(seed.outgoing('content', contents[4] as JsonObject)).toMatchObject({ ID: 'u1' });
  expect(seed.outgoing('meta', { type: '1', seed: 'moki' })).toEqual({ version: 1, seed: 'moki' });
  const message = { sender: 'u1', receiver: 'u2', time: 5.75, type: '1', IV: 'x', data: 'y' };
  expect(seed.outgoing('message', message)).toEqual({
    sender: 'u1',
    receiver: 'u2',
    time: 5,
    type: 1,
    data: 'y',
  });
  const documents = {
    type: '136',
    command: 'documents',
    did: 'u1',
    documents: [
      { did: 'u1', data: '{"time":1}', signature: 'old' },
      { did: 'u1', data: '{"time":2}', signature: 'new' },
    ],
  };
  expect(seed.outgoing('content', documents)).toMatchObject({
    command: 'profile',
    ID: 'u1',
    profile: '{"time":2}',
    signature: 'new',
  });
});

test('seed files have the IV of the download inside the key, and pictures as bare Base64', () => {
  const key = { algorithm: 'AES', data: 'x' };
  const thumbnail = 'data:image/png;base64,AAAA';
  const image = { type: '18', sn: 1, URL: 'https://x/', key, IV: 'iv', thumbnail };
  expect(seed.outgoing('content', image)).toEqual({
    type: 18,
    sn: 1,
    URL: 'https://x/',
    password: { ...key, iv: 'iv' },
    thumbnail: 'AAAA',
  });
  // Nothing to put it into, and a picture elsewhere, stay as they are.
  const others = { type: '22', sn: 1, data: 'AAAA', IV: 'iv', snapshot: 'https://x/a.png' };
  expect(seed.outgoing('content', others)).toEqual({ ...others, type: 22 });
});

test('seed logins are nested, seed search results have metas of that time', () => {
  const login = {
    type: '136',
    command: 'login',
    did: 'u1',
    device: 'phone',
    agent: 'a/1',
    station: { did: 'u2', host: 'h' },
    provider: { did: 'g1' },
  };
  expect(seed.outgoing('content', login)).toEqual({
    type: 136,
    command: 'login',
    login: {
      account: 'u1',
      terminal: 'phone',
      userAgent: 'a/1',
      station: { ID: 'u2', host: 'h' },
      provider: { ID: 'g1' },
    },
  });
  const found = { type: '136', command: 'search', results: { u1: { type: '1' }, u2: null } };
  expect(seed.outgoing('content', found)).toMatchObject({
    results: { u1: { version: 1 }, u2: null },
  });
});

test('deployed messages carry the personal key twice, next ones under keys only', () => {
  const message = { sender: 'u1', receiver: 'u2/phone', key: 'k' };
  expect(deployed.outgoing('message', message)).toMatchObject({ key: 'k', keys: { u2: 'k' } });
  expect(next.outgoing('message', message)).toEqual({ F: 'u1', R: 'u2/phone', K: { u2: 'k' } });
});

test('a meta of 0.8 keeps its type in every dialect, attached and in a command', () => {
  const old = { version: 1, seed: 'moki' };
  const expected = {
    deployed: { type: 1, version: 1, seed: 'moki' },
    next: { type: '1', seed: 'moki' },
    seed: { version: 1, seed: 'moki' },
  };
  for (const dialect of [deployed, next, seed] as const) {
    const message = dialect.outgoing('message', { sender: 'u1', meta: old });
    expect(message['meta'] ?? message['M']).toEqual(expected[dialect.name]);
    const command = { type: '136', command: 'meta', did: 'u1', meta: old };
    expect(dialect.outgoing('content', command)['meta']).toEqual(expected[dialect.name]);
    expect(dialect.outgoing('meta', old)).toEqual(expected[dialect.name]);
  }
});

test('next forwards in a list, also one message', () => {
  const wire = next.outgoing('content', { type: '255', sn: 1, forward: { sender: 'u1' } });
  expect(wire).toEqual({ T: '255', N: 1, secrets: [{ sender: 'u1' }] });
});

test('deployed documents commands are singular, with the newest document', () => {
  const wire = deployed.outgoing('content', {
    type: '136',
    command: 'documents',
    did: 'u1',
    documents: [{ did: 'u1', data: '{"time":9}' }, { did: 'u1', data: '{"time":2}' }, 'junk'],
  });
  expect(wire).toMatchObject({ command: 'document', cmd: 'document', ID: 'u1' });
  expect(wire['document']).toMatchObject({ data: '{"time":9}', ID: 'u1' });
  expect(wire['documents']).toHaveLength(3);
});

test('two names of one thing must not contradict each other', () => {
  for (const wire of [
    { type: 136, command: 'meta', cmd: 'document' },
    { type: 136, command: 'meta', did: 'u1', ID: 'u2' },
    { type: 51, did: 'u1', ID: 'u2' },
    { type: 136, command: 'login', station: { did: 'u1', ID: 'u2' } },
  ]) {
    expect(() => normalizeContent(wire)).toThrow(
      expect.objectContaining({ code: 'format/field' }) as Error,
    );
  }
});

test('shortening and expanding are inverse', () => {
  fc.assert(
    fc.property(fc.constantFrom('message', 'content', 'key'), json, (scope, wire) => {
      const long = expandShortKeys(scope, wire);
      // A second expansion finds nothing more to do, and a shortened object reads the same.
      expect(expandShortKeys(scope, long)).toEqual(long);
      if (scope === 'message' && typeof long['keys'] !== 'object') return;
      if (Object.keys(long).some((name) => name.length === 1)) return;
      expect(expandShortKeys(scope, shortenKeys(scope, long))).toEqual(long);
    }),
  );
});

test('any object is normalized or refused with an error code', () => {
  fc.assert(
    fc.property(json, (wire) => {
      for (const normalize of [normalizeContent, normalizeMessage]) {
        const before = structuredClone(wire);
        try {
          normalize(wire);
        } catch (error) {
          if (!isProtocolError(error)) throw error;
        }
        expect(wire).toEqual(before);
      }
    }),
  );
});

test('a meta whose type is not a text or number is written unchanged', () => {
  const meta = { type: [{ toString: 0 }] };
  expect(next.outgoing('meta', meta)).toEqual(meta);
});

test('any object can be written in every dialect', () => {
  fc.assert(
    fc.property(json, (wire) => {
      for (const dialect of [deployed, next, seed]) {
        for (const scope of ['message', 'content', 'key', 'meta', 'document'] as const) {
          expect(typeof dialect.outgoing(scope, wire)).toBe('object');
        }
      }
    }),
  );
});
