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
  'review',
];

const wire = (command: string, members: JsonObject = {}): JsonObject => ({
  type: '137',
  sn: 1,
  time: 2,
  command,
  group: group.text,
  members: [alice.text],
  ...(command === 'review' ? { change: {} } : {}),
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

describe('entries of groups whose state converges', () => {
  const name = 'A'.repeat(22);
  const other = `${'b/+9'.repeat(5)}cc`;

  test('an addition names the removals that it overrules and the proposals that it accepts', () => {
    const body = {
      members: [bob],
      change: { over: [{ member: bob, removals: [name, other] }], answers: [other] },
      reason: 'he asked',
    };
    const sent = write(groups.Invite.create(body, { group }));
    expect(sent).toEqual({
      type: '137',
      command: 'invite',
      group: group.text,
      members: [bob.text],
      change: { over: { [bob.text]: [name, other] }, answers: [other] },
      reason: 'he asked',
    });
    expect(read({ ...sent, sn: 1, time: 2 })).toEqual(['invite', body]);
  });

  test('a change is there even if it is empty', () => {
    const sent = write(groups.Expel.create({ members: [bob], change: {} }, { group }));
    expect(sent).toMatchObject({ members: [bob.text], change: {} });
    expect(read({ ...sent, sn: 1, time: 2 })[1]).toEqual({ members: [bob], change: {} });
    expect(read(wire('expel', { change: null }))[1]).toEqual({ members: [alice] });
  });

  test('a review names the proposals that it refuses', () => {
    const sent = write(groups.Review.create({ change: { declines: [name] } }, { group }));
    expect(sent).toMatchObject({ command: 'review', change: { declines: [name] } });
    expect(codeOf({ ...sent, sn: 1, time: 2, change: null })).toBe('format/field');
  });

  test('a checkpoint has floor, folds, administrators and policy', () => {
    const state = {
      floor: 12.345,
      folds: [name],
      administrators: [{ id: alice, since: 11 }],
      policy: { invite: 'members', later: [1] },
      previous: other,
    };
    const sent = write(groups.Reset.create({ members: [alice, bob], state }, { group }));
    expect(sent).toMatchObject({
      state: { ...state, administrators: { [alice.text]: 11 }, previous: other },
    });
    expect(read({ ...sent, sn: 1, time: 2 })[1]).toEqual({ members: [alice, bob], state });
  });

  test('a projection names the newest entry that it contains', () => {
    const sent = write(groups.Reset.create({ members: [alice], projects: name }, { group }));
    expect(read({ ...sent, sn: 1, time: 2 })[1]).toEqual({ members: [alice], projects: name });
    expect(codeOf({ ...sent, sn: 1, time: 2, projects: 'x' })).toBe('format/field');
  });

  test('a request to join may have a link and a reason, and is read without damaged ones', () => {
    const sent = write(groups.Join.create({ link: { by: alice.text }, reason: 'hi' }, { group }));
    expect(read({ ...sent, sn: 1, time: 2 })[1]).toEqual({
      link: { by: alice.text },
      reason: 'hi',
    });
    expect(read(wire('join', { link: 5, reason: {} }))[1]).toEqual({});
    expect(read(wire('join', { reason: 'x'.repeat(600) }))[1]).toEqual({ reason: 'x'.repeat(512) });
  });

  test('a question says what its sender has, and is read without it if it is damaged', () => {
    const have = { checkpoint: name, entries: [other] };
    const sent = write(groups.GroupHistoryQuery.create({ have }, { group }));
    expect(sent).toMatchObject({ mod: 'history', act: 'query', have });
    expect(read({ ...sent, sn: 1 })[1]).toEqual({ have });
    expect(read({ ...sent, sn: 1, have: { entries: [5] } })[1]).toEqual({});
    const many = { entries: Array.from({ length: 513 }, () => name) };
    expect(read({ ...sent, sn: 1, have: many })[1]).toEqual({});
  });

  test.each([
    ['names that are none', { change: { answers: ['short'] } }, 'format/field'],
    ['too many names', { change: { answers: Array(257).fill(name) } }, 'format/limit'],
    ['too many members', { change: {}, members: Array(65).fill(alice.text) }, 'format/limit'],
    ['a change that is a text', { change: 'x' }, 'format/field'],
    ['removals of nobody', { change: { over: { nobody: [name] } } }, 'unsupported/address'],
  ])('an addition with %s is refused', (_, members, code) => {
    expect(codeOf(wire('invite', members))).toBe(code);
  });

  test.each([
    ['without a floor', { floor: null }],
    ['without folds', { folds: null }],
    ['with an administrator without a time', { administrators: { [alice.text]: 'soon' } }],
    ['with a policy that is a list', { policy: [] }],
  ])('a checkpoint %s is refused', (_, members) => {
    const state = { floor: 0, folds: [], administrators: {}, policy: {}, ...members };
    expect(codeOf(wire('reset', { state }))).toBe('format/field');
  });

  test('any JSON gives an entry or a refusal', () => {
    for (const command of ['invite', 'expel', 'review', 'reset', 'join']) {
      const fixed = { type: '137', sn: 1, time: 2, command, group: group.text };
      neverThrowsAnythingElse(fixed, 'members', 'change', 'state', 'projects', 'link', 'reason');
    }
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
