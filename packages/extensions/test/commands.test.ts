import * as commands from '@dimp/extensions/commands';
import type { JsonObject } from '@dimp/foundation';
import { describe, expect, test } from 'vitest';
import { alice, bob, codeOf, command, neverThrowsAnythingElse, read, write } from './reader.ts';

describe('any command', () => {
  test('has a name', () => {
    for (const name of [undefined, null, '', 5, {}]) {
      expect(codeOf({ type: '136', sn: 1, command: name })).toBe('format/field');
      expect(codeOf({ type: '137', sn: 1, time: 1, command: name })).toBe('format/field');
    }
  });

  test('is read by its name under type 136 and 137 alike', () => {
    for (const type of ['136', '137', 136, 137]) {
      expect(read({ type, command: 'block' })[0]).toBe('block');
    }
  });

  test('that is unknown keeps its members', () => {
    const extra = { city: 'x', days: [3] };
    expect(read(command('weather', extra))).toEqual(['command', { command: 'weather', extra }]);
    expect(write(commands.Command.create({ command: 'weather', extra }))).toEqual({
      type: '136',
      command: 'weather',
      ...extra,
    });
    expect(() => write(commands.Command.create({ command: 'x', extra: { command: 'y' } }))).toThrow(
      TypeError,
    );
  });

  test('of history needs a serial number and a time', () => {
    const wire: JsonObject = { type: '137', sn: 1, time: 2, command: 'suicide' };
    expect(read(wire)).toEqual(['history', { command: 'suicide' }]);
    expect(codeOf({ ...wire, time: null })).toBe('format/field');
    expect(codeOf({ ...wire, sn: null })).toBe('format/field');
    expect(codeOf({ ...wire, type: 137, sn: null })).toBe('format/field');
  });
});

describe('handshake', () => {
  test.each([
    [{ title: 'Hello world!' }, 'start'],
    [{ message: 'Hello world!' }, 'start'],
    [{ title: 'Hello world!', session: 'k' }, 'restart'],
    [{ title: 'DIM?', session: 'k' }, 'again'],
    [{ message: 'DIM!' }, 'success'],
    [{ title: 'DIM!', message: 'DIM?', session: 'k' }, 'success'],
    [{ title: 'Nice to meet you!' }, 'start'],
  ])('%j is the state %s', (members, state) => {
    expect(read(command('handshake', members))[1]).toMatchObject({ state });
  });

  test('steps are written without the state', () => {
    const wire = { type: '136', command: 'handshake' };
    expect(write(commands.handshakeStart())).toEqual({ ...wire, title: 'Hello world!' });
    expect(write(commands.handshakeStart('k'))).toEqual({
      ...wire,
      title: 'Hello world!',
      session: 'k',
    });
    expect(write(commands.handshakeAgain('k', { force: true }))).toEqual({
      ...wire,
      title: 'DIM?',
      session: 'k',
      force: true,
    });
    expect(write(commands.handshakeSuccess('k', { remote_address: ['::1', 5] }))).toEqual({
      ...wire,
      title: 'DIM!',
      session: 'k',
      remote_address: ['::1', 5],
    });
  });

  test('an address of a form we do not know costs nothing but itself', () => {
    for (const remote_address of ['1.2.3.4:5', {}, [5, 'x'], []]) {
      const body = read(command('handshake', { title: 'DIM?', remote_address }))[1];
      expect(body).toEqual({ title: 'DIM?', state: 'again' });
    }
  });

  test('needs a title', () => {
    expect(codeOf(command('handshake'))).toBe('format/field');
    expect(codeOf(command('handshake', { title: 5 }))).toBe('format/field');
  });
});

describe('documents', () => {
  const did = alice.text;
  const document = { did, type: 'visa', data: '{}', signature: 'AAAA' };

  test.each<[string, string, JsonObject, readonly JsonObject[] | undefined]>([
    ['the list', 'documents', { documents: [document, document] }, [document, document]],
    ['an empty list', 'documents', { documents: [] }, []],
    ['the single document of today', 'document', { document }, [document]],
    ['the list before the single one', 'document', { document, documents: [] }, []],
    [
      'the object of 1.1',
      'profile',
      { profile: { ID: did, data: '{}' } },
      [{ ID: did, data: '{}' }],
    ],
    [
      'the text of 0.8 with its signature beside it',
      'profile',
      { profile: '{}', signature: 'AAAA' },
      [{ ID: did, data: '{}', signature: 'AAAA' }],
    ],
    ['a question', 'documents', {}, undefined],
    [
      'elements that are not objects: left out',
      'documents',
      { documents: [5, document] },
      [document],
    ],
  ])('are read from %s', (_, name, members, documents) => {
    const body = read(command(name, { did, ...members }))[1];
    expect((body as commands.DocumentsCommandBody).documents).toEqual(documents);
  });

  test('stay the very objects received', () => {
    const body = read(command('document', { did, document }))[1] as commands.DocumentsCommandBody;
    expect(body.documents?.[0]).toBe(document);
  });

  test('are written in the modern form', () => {
    const body = { did: alice, documents: [document], last_time: 5.5 };
    expect(write(commands.DocumentsCommand.create(body))).toEqual({
      type: '136',
      command: 'documents',
      did,
      documents: [document],
      last_time: 5.5,
    });
  });

  test.each([
    { did: null },
    { did: 5 },
    { meta: 'x' },
    { documents: {} },
    { document: 'x' },
    { profile: 5 },
    { last_time: 'x' },
  ])('refuse %j', (change) => {
    expect(codeOf(command('documents', { did, ...change }))).toBe('format/field');
  });
});

describe('report', () => {
  test.each<[JsonObject, string]>([
    [command('report', { title: 'online' }), 'online'],
    [command('report', { state: 'background' }), 'offline'],
    [command('report', { state: 'foreground' }), 'online'],
    [command('report', { title: 'apns', state: 'background' }), 'apns'],
    [command('online'), 'online'],
    [command('apns'), 'apns'],
    [command('broadcast', { title: 'apns' }), 'apns'],
  ])('%j has the title %s', (wire, title) => {
    expect(read(wire)).toEqual(['report', { title }]);
  });

  test('keeps the rest', () => {
    expect(read(command('apns', { device_token: 'ab' }))).toEqual([
      'report',
      { title: 'apns', extra: { device_token: 'ab' } },
    ]);
  });

  test('needs a title', () => {
    expect(codeOf(command('report'))).toBe('format/field');
    expect(codeOf(command('report', { title: 5 }))).toBe('format/field');
  });
});

describe('search', () => {
  test('splits keywords at blanks, and writes them as one text', () => {
    expect(read(command('search', { keywords: '  alice   bob ' }))[1]).toEqual({
      keywords: ['alice', 'bob'],
    });
    expect(read(command('search', { keywords: ['alice'] }))[1]).toEqual({ keywords: ['alice'] });
    expect(write(commands.Search.create({ keywords: ['a', 'b'] }))['keywords']).toBe('a b');
  });

  test('has at most 1024 keywords', () => {
    const keywords = (count: number) => command('search', { keywords: ' x'.repeat(count) });
    expect(read(keywords(1024))[1]).toMatchObject({ keywords: { length: 1024 } });
    expect(codeOf(keywords(1025))).toBe('format/limit');
    expect(codeOf(command('search', { keywords: Array(1025).fill('x') }))).toBe('format/limit');
  });

  test('users is a command of its own', () => {
    expect(read(command('users'))).toEqual(['search', { keywords: ['users'] }]);
    expect(write(commands.Search.create({ keywords: ['users'] }))).toEqual({
      type: '136',
      command: 'users',
    });
  });

  test('leaves out users that are not IDs', () => {
    const users = [alice.text, 'nobody', null, bob.text];
    expect(read(command('search', { users }))[1]).toEqual({ keywords: [], users: [alice, bob] });
  });
});

describe('storage', () => {
  test('takes its title from the name of the command in old clients', () => {
    expect(read(command('contacts', { ID: alice.text }))).toEqual([
      'storage',
      { title: 'contacts', did: alice },
    ]);
    expect(read(command('private_key'))).toEqual(['storage', { title: 'private_key' }]);
    expect(read(command('storage', { title: 'contacts' }))).toEqual([
      'storage',
      { title: 'contacts' },
    ]);
  });
});

describe('login', () => {
  test('reads the nested form of 0.8', () => {
    const login = {
      account: alice.text,
      terminal: 'd',
      userAgent: 'a',
      station: { ID: bob.text, host: 'h', port: '9394' },
      provider: { ID: bob.text },
    };
    expect(read(command('login', { login }))[1]).toEqual({
      did: alice,
      device: 'd',
      agent: 'a',
      station: { did: bob, host: 'h', port: 9394 },
      provider: { did: bob },
    });
  });

  test('works without the ID of the station, not without that of the user', () => {
    const station = { host: 'h', port: 9394 };
    expect(read(command('login', { did: alice.text, station }))[1]).toEqual({
      did: alice,
      station,
    });
    expect(codeOf(command('login', { station }))).toBe('format/field');
  });
});

describe('lists', () => {
  test('mute and block tell a question from an empty list', () => {
    expect(read(command('mute'))[1]).toEqual({});
    expect(read(command('block', { list: [] }))[1]).toEqual({ list: [] });
    expect(codeOf(command('block', { list: 'x' }))).toBe('format/field');
  });

  test('ans leaves out records that are not IDs', () => {
    const records = JSON.parse(
      `{"a":"${alice.text}","b":"nobody","c":5,"__proto__":"${bob.text}"}`,
    );
    const body = read(
      command('ans', { names: 'a b', records, missed: ['c'] }),
    )[1] as commands.AnsBody;
    expect(Object.entries(body.records ?? {})).toEqual([
      ['a', alice],
      ['__proto__', bob],
    ]);
    expect([body.names, body.missed]).toEqual([['a', 'b'], ['c']]);
    expect(write(commands.Ans.create({ names: ['a', 'b'] }))['names']).toBe('a b');
  });

  test('push reads one item that stands in the command', () => {
    const item = { receiver: bob.text, aps: { badge: 1 } };
    const items = [{ receiver: bob, aps: { badge: 1 } }];
    expect(read(command('push', item))[1]).toEqual({ items });
    expect(read(command('push', { items: [item] }))[1]).toEqual({ items });
    expect(codeOf(command('push', { items: [item, 5] }))).toBe('format/field');
    expect(codeOf(command('push'))).toBe('format/field');
  });
});

const NAMES = [
  'handshake',
  'meta',
  'documents',
  'document',
  'profile',
  'receipt',
  'login',
  'report',
  'online',
];
const MORE = [
  'search',
  'users',
  'storage',
  'contacts',
  'mute',
  'block',
  'ans',
  'push',
  'weather',
  '',
];

test.each([...NAMES, ...MORE])('any JSON in the command "%s" is read or refused', (name) => {
  neverThrowsAnythingElse(
    { type: '136', command: name },
    'sn',
    'time',
    'group',
    'title',
    'message',
    'session',
    'force',
    'remote_address',
    'did',
    'ID',
    'meta',
    'documents',
    'document',
    'profile',
    'signature',
    'last_time',
    'text',
    'origin',
    'envelope',
    'sender',
    'receiver',
    'replacements',
    'station',
    'login',
    'state',
    'keywords',
    'users',
    'results',
    'data',
    'key',
    'contacts',
    'list',
    'names',
    'records',
    'missed',
    'items',
    'aps',
  );
});
