import * as groups from '@dimp/extensions/groups';
import type { JsonObject } from '@dimp/foundation';
import { describe, expect, test } from 'vitest';
import { alice, bob, codeOf, group, neverThrowsAnythingElse, read, write } from './reader.ts';

const NAMES = [
  'found',
  'abdicate',
  'invite',
  'expel',
  'join',
  'quit',
  'query',
  'reset',
  'hire',
  'fire',
  'resign',
];

const wire = (command: string, members: JsonObject = {}): JsonObject => ({
  type: '137',
  sn: 1,
  time: 2,
  command,
  group: group.text,
  members: [alice.text],
  ...members,
});

describe('group commands', () => {
  test.each(NAMES)('%s is read under type 136 and 137, and needs a group', (name) => {
    expect(read(wire(name))[0]).toBe(name);
    expect(read(wire(name, { type: '136' }))[0]).toBe(name);
    for (const missing of [null, '', undefined]) {
      expect(codeOf(wire(name, { group: missing }))).toBe('format/field');
    }
    expect(codeOf(wire(name, { group: {} }))).toBe('format/field');
  });

  test.each(NAMES)(
    '%s under type 137 needs a serial number and a time, which put it in order',
    (name) => {
      expect(codeOf(wire(name, { time: null }))).toBe('format/field');
      expect(codeOf(wire(name, { sn: null }))).toBe('format/field');
      expect(codeOf(wire(name, { type: '136', time: null, sn: null }))).toBe('none');
    },
  );

  test('are written under type 137', () => {
    const draft = groups.Invite.create({ members: [bob] }, { group });
    expect(write(draft)).toEqual({
      type: '137',
      command: 'invite',
      group: group.text,
      members: [bob.text],
    });
  });

  test('take one member for a list', () => {
    const single = { members: null, member: bob.text };
    expect(read(wire('invite', single))[1]).toEqual({ members: [bob] });
    expect(read(wire('abdicate', single))[1]).toEqual({ members: [bob] });
    expect(read(wire('invite', { member: bob.text }))[1]).toEqual({ members: [alice] });
  });

  test('leave out members that are not IDs', () => {
    const members = [
      'nobody-here',
      alice.text,
      5,
      null,
      {},
      'x@1JxwoorRPu1A7r9TgQqv7Fzin8d2Akqav2',
    ];
    expect(read(wire('reset', { members }))[1]).toEqual({ members: [alice] });
    expect(read(wire('reset', { members: [] }))[1]).toEqual({ members: [] });
  });

  test('with members refuse anything but a list of them', () => {
    for (const members of [null, alice.text, {}]) {
      expect(codeOf(wire('invite', { members }))).toBe('format/field');
    }
    expect(codeOf(wire('invite', { members: null, member: 'nobody' }))).toBe('unsupported/address');
  });

  test('of another name keep their members', () => {
    expect(read(wire('rename', { label: 'x' }))).toEqual([
      'group-command',
      { command: 'rename', members: [alice], extra: { label: 'x' } },
    ]);
    const draft = groups.GroupCommand.create(
      { command: 'rename', extra: { label: 'x' } },
      { group },
    );
    expect(write(draft)).toMatchObject({ type: '137', command: 'rename', label: 'x' });
    const bad = groups.GroupCommand.create({ command: 'x', extra: { members: [] } }, { group });
    expect(() => write(bad)).toThrow(TypeError);
  });

  test('do not swallow commands of other names that are sent in a group', () => {
    expect(read({ type: '136', command: 'handshake', title: 'x', group: group.text })[0]).toBe(
      'handshake',
    );
    expect(read({ type: '136', command: 'receipt', group: group.text })[0]).toBe('receipt');
  });

  test('cannot be made without a group', () => {
    // @ts-expect-error -- the group is required
    expect(() => groups.Join.create({})).toThrow(TypeError);
    // @ts-expect-error -- the group is required
    expect(() => groups.Join.create({}, {})).toThrow(TypeError);
  });
});

describe('the group protocol in customized contents', () => {
  const custom = (mod: string, act: string, members: JsonObject = {}): JsonObject => ({
    type: '204',
    app: 'chat.dim.group',
    mod,
    act,
    group: group.text,
    ...members,
  });
  const from = alice.text;

  test.each<[string, JsonObject, string]>([
    ['history', custom('history', 'query'), 'group-history/query'],
    ['history with from', custom('history', 'query', { from }), 'group-history/query'],
    ['keys without from', custom('keys', 'query'), 'group-history/query'],
    ['keys with a time', custom('keys', 'query', { last_time: 5.5 }), 'group-history/query'],
    [
      'keys with time and from',
      custom('keys', 'query', { last_time: 5.5, from }),
      'group-history/query',
    ],
    ['keys with from', custom('keys', 'query', { from }), 'group-keys/query'],
  ])('a query under %s', (_, content, kind) => {
    expect(read(content)[0]).toBe(kind);
  });

  test('a history query is written under "history"', () => {
    expect(write(groups.GroupHistoryQuery.create({ last_time: 5.5 }, { group }))).toEqual(
      custom('history', 'query', { last_time: 5.5 }),
    );
  });

  test('keys are read by member, damaged ones left out', () => {
    const keys = { digest: 'd', [bob.text]: 'AAEC', nobody: 'AAEC', [alice.text]: '!' };
    const body = { from: alice, digest: 'd', keys: [{ member: bob, key: Uint8Array.of(0, 1, 2) }] };
    for (const act of ['update', 'respond']) {
      expect(read(custom('keys', act, { from, keys }))).toEqual([`group-keys/${act}`, body]);
    }
    expect(write(groups.GroupKeysUpdate.create(body, { group }))).toEqual(
      custom('keys', 'update', { from, keys: { digest: 'd', [bob.text]: 'AAEC' } }),
    );
  });

  test.each<[string, JsonObject]>([
    ['no group', custom('history', 'query', { group: null })],
    ['no sender of the key', custom('keys', 'request')],
    ['no keys', custom('keys', 'update', { from })],
    ['keys that are a list', custom('keys', 'respond', { from, keys: [] })],
    ['a digest that is no text', custom('keys', 'update', { from, keys: { digest: 5 } })],
    ['members that are no list', custom('keys', 'query', { from, to: 'x' })],
  ])('%s is refused', (_, content) => {
    expect(codeOf(content)).toBe('format/field');
  });

  test('other modules and applications stay customized', () => {
    expect(read(custom('poll', 'query'))[0]).toBe('customized');
    expect(read({ ...custom('keys', 'query'), app: 'x' })[0]).toBe('customized');
  });
});

test.each([...NAMES, 'rename'])(
  'any JSON in the group command "%s" is read or refused',
  (command) => {
    const names = [
      'sn',
      'time',
      'group',
      'members',
      'member',
      'administrators',
      'assistants',
      'last_time',
    ];
    neverThrowsAnythingElse({ type: '137', command }, ...names);
  },
);

test.each(['query', 'update', 'request', 'respond'])(
  'any JSON in a keys content "%s" is read or refused',
  (act) => {
    const fixed = { type: '204', app: 'chat.dim.group', mod: 'keys', act, group: group.text };
    neverThrowsAnythingElse(fixed, 'from', 'to', 'digest', 'keys', 'last_time', 'sn', 'time');
  },
);
