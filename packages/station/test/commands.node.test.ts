import { defineContent } from '@dimp/dkd';
import {
  Ans,
  Block,
  Command,
  Handshake,
  Login,
  type LoginBody,
  Mute,
  Report,
  receiptFor,
  Search,
  Storage,
} from '@dimp/extensions/commands';
import { ArrayContent, Customized, Text } from '@dimp/extensions/contents';
import type { JsonObject } from '@dimp/foundation';
import { EntityType, EVERYONE, type ID } from '@dimp/mkm';
import { describe, expect, test } from 'vitest';
import { commandHandler } from '../src/index.ts';
import { Line, Office } from './office.ts';
import { newPerson, type Person } from './people.ts';

async function officeOf(
  person: Person,
  options: Parameters<typeof Office.open>[0] = {},
): Promise<Office> {
  const office = await Office.open(options);
  await office.meet(person);
  return office;
}

function loginOf(did: ID, station: ID): ReturnType<typeof Login.create> {
  const body: LoginBody = {
    did,
    agent: 'test',
    station: { did: station, host: 'example.org', port: 9394 },
  };
  return Login.create(body);
}

describe('a login', () => {
  test('of the user himself is kept, newest first, and told of; it outlives the program', async () => {
    const moki = await newPerson('moki');
    const office = await officeOf(moki);
    const changes: string[] = [];
    office.commands.logins.events.on('changed', ({ user, record }) =>
      changes.push(`${user.name} ${record.time}`),
    );
    const at = office.clock.seconds;
    const say = (time: number) =>
      office.replies(moki, loginOf(moki.id, office.id), { receiver: EVERYONE, time });
    expect(await say(at)).toEqual(['Login received.']);
    expect(await say(at)).toEqual(['Login received.']);
    expect(await say(at - 60)).toEqual(['Command expired.']);
    expect(await say(at + 600)).toEqual(['Login received.']);
    expect(changes).toEqual([`moki ${at}`, `moki ${at + 600}`]);
    await office.close();
    const again = await Office.open({ folder: office.folder });
    expect(await again.commands.logins.get(moki.id)).toMatchObject({
      time: at + 600,
      station: again.id,
      command: { command: 'login' },
    });
  });

  test.each([
    ['16 minutes ahead, which would lock out all later ones', 16 * 60],
    ['two days old', -2 * 86_400],
  ])('%s is refused', async (_, offset) => {
    const moki = await newPerson('moki');
    const office = await officeOf(moki);
    const time = office.clock.seconds + offset;
    expect(await office.replies(moki, loginOf(moki.id, office.id), { time })).toEqual([
      'Command expired.',
    ]);
    expect(await office.commands.logins.get(moki.id)).toBeUndefined();
  });

  test('in the name of somebody else is refused, over any connection', async () => {
    const [moki, hulk] = [await newPerson('moki'), await newPerson('hulk')];
    const office = await officeOf(moki);
    await office.meet(hulk);
    const forged = loginOf(hulk.id, office.id);
    expect(await office.replies(moki, forged)).toEqual(['Permission denied.']);
    const neighbour = new Line(office.id, { neighbour: true });
    expect(await office.replies(moki, forged, { session: neighbour })).toEqual([
      'Permission denied.',
    ]);
    // His own words, said again over the connection of somebody else, or before anybody has logged in.
    const own = loginOf(hulk.id, office.id);
    for (const session of [new Line(moki.id), new Line()]) {
      expect(await office.replies(hulk, own, { session })).toEqual(['Permission denied.']);
    }
    expect(await office.commands.logins.get(hulk.id)).toBeUndefined();
  });

  test('through a neighbour says which one, is not answered, and keeps nothing that stations wrote on it', async () => {
    const moki = await newPerson('moki');
    const office = await officeOf(moki);
    const station = await newPerson('station', { network: EntityType.Station });
    const session = new Line(station.id, { neighbour: true });
    const heard = await office.heard(moki, loginOf(moki.id, station.id), {
      session,
      receiver: EVERYONE,
    });
    const wire = {
      ...heard.message.wire,
      traces: [station.id.text],
      recipients: [],
      neighbor: 'x',
    };
    const message = { ...heard.message, wire };
    expect(await office.commands.process({ ...heard, message })).toEqual([]);
    const login = await office.commands.logins.get(moki.id);
    expect(login?.via?.text).toBe(station.id.text);
    expect(login?.station?.text).toBe(station.id.text);
    expect(login?.message).toEqual(heard.message.wire);
  });

  test('without time, or too long to keep, is refused', async () => {
    const moki = await newPerson('moki');
    const office = await officeOf(moki);
    const timeless = ({ time: _, ...wire }: JsonObject) => wire;
    expect(await office.replies(moki, loginOf(moki.id, office.id), { change: timeless })).toEqual([
      'Command error.',
    ]);
    const long = Login.create({ did: moki.id, agent: 'x'.repeat(20_000) });
    expect(await office.replies(moki, long)).toEqual(['Message too large.']);
  });
});

describe('a report', () => {
  test('changes whether messages are pushed, in the order of its times, and only over the own connection', async () => {
    const moki = await newPerson('moki');
    const office = await officeOf(moki);
    const session = new Line(moki.id);
    const at = office.clock.seconds;
    const say = (title: string, time: number, over = session) =>
      office.replies(moki, Report.create({ title }), { session: over, time });
    expect(await say('offline', at)).toEqual([]);
    expect(await say('online', at + 1)).toEqual(['Online received.']);
    expect(await say('offline', at + 1)).toEqual(['Command expired.']);
    expect(await say('online', at + 3600)).toEqual(['Command error.']);
    expect(session.states).toEqual([false, true]);
    const other = new Line(office.id);
    expect(await say('offline', at + 5, other)).toEqual(['Permission denied.']);
    expect(other.states).toEqual([]);
    expect(await say('broadcast', at + 6)).toEqual(['Command not support.']);
  });

  test('of a push token is kept only where somebody uses it, a few of each user', async () => {
    const moki = await newPerson('moki');
    const without = await officeOf(moki);
    const report = (token: string) =>
      Report.create({ title: 'apns', extra: { device_token: token } });
    expect(await without.replies(moki, report('a'))).toEqual(['Command not support.']);
    const told: string[] = [];
    const office = await officeOf(moki, {
      onPushToken: (user, { token }) => told.push(`${user.name} ${token}`),
    });
    for (let each = 0; each < 10; each++) {
      expect(await office.replies(moki, report(`token-${each}`))).toEqual([
        'Device token received.',
      ]);
    }
    await office.replies(moki, report('token-5'));
    const tokens = (await office.commands.pushTokens.of(moki.id)).map(({ token }) => token);
    expect(tokens).toEqual([5, 9, 8, 7, 6, 4, 3, 2].map((each) => `token-${each}`));
    expect(told).toHaveLength(11);
    await office.commands.pushTokens.remove(moki.id, 'token-5');
    expect(await office.commands.pushTokens.of(moki.id)).toHaveLength(7);
    const none = Report.create({ title: 'c2dm', extra: { token: 5 } });
    expect(await office.replies(moki, none)).toEqual(['Command error.']);
    expect(await office.replies(moki, report('x'.repeat(5000)))).toEqual(['Command error.']);
    // A token is a secret.
    expect(office.logged.join()).not.toContain('token-');
  });
});

describe('the address-name service', () => {
  test('answers from the table of the operator, in any case, and never from what somebody says', async () => {
    const [moki, archivist] = [
      await newPerson('moki'),
      await newPerson('archivist', { network: EntityType.Bot }),
    ];
    const office = await officeOf(moki, { names: { archivist: archivist.id } });
    const [answer] =
      (await office.answers(
        moki,
        Ans.create({ names: ['Archivist', 'station', 'gsp', 'moki', '__proto__'] }),
      )) ?? [];
    expect(answer).toMatchObject({
      kind: 'ans',
      body: {
        records: { Archivist: archivist.id, station: office.id, gsp: office.id },
        missed: ['moki', '__proto__'],
      },
    });
    const told = Ans.create({ names: [], records: { moki: moki.id } });
    expect(await office.replies(moki, told)).toEqual([]);
    expect(office.commands.names.lookup('moki')).toBeUndefined();
    expect(await office.replies(moki, Ans.create({ names: [] }))).toEqual(['Command error.']);
    expect(await office.replies(moki, Ans.create({ names: ['x'.repeat(65)] }))).toEqual([
      'Command error.',
    ]);
  });

  test.each([
    ['a reserved word', ['founder']],
    ['a reserved word in other letters', ['Supervisor']],
    ['the station', ['station']],
    ['no name', ['a b']],
    ['part of an ID', ['a@b']],
    ['two that differ in case only', ['bot1', 'Bot1']],
  ])('cannot be given %s', async (_, names) => {
    const moki = await newPerson('moki');
    const table = Object.fromEntries(names.map((name) => [name, moki.id]));
    await expect(Office.open({ names: table })).rejects.toMatchObject({ code: 'format/field' });
  });
});

describe('a search', () => {
  test('finds people and bots by name, ID and both numbers, and all words have to occur', async () => {
    const [moki, hulk] = [await newPerson('moki'), await newPerson('hulk')];
    const bot = await newPerson('hulkbot', { network: EntityType.Bot });
    const station = await newPerson('hulkstation', { network: EntityType.Station });
    const office = await officeOf(moki);
    await office.meet(hulk, bot, station);
    const find = async (...keywords: string[]) => {
      const [answer] = (await office.answers(moki, Search.create({ keywords }))) ?? [];
      return (answer?.body as { users?: readonly ID[] } | undefined)?.users?.map(
        ({ name }) => name,
      );
    };
    expect((await find('HULK'))?.sort()).toEqual(['hulk', 'hulkbot']);
    expect(await find('hulk', 'bot')).toEqual(['hulkbot']);
    expect(await find('hulk', 'moki')).toEqual([]);
    expect(await find(hulk.id.text)).toEqual(['hulk']);
    const number = String(hulk.id.address.number).padStart(10, '0');
    expect(await find(number)).toEqual(['hulk']);
    expect(await find(`${number.slice(0, 3)}-${number.slice(3, 6)}-${number.slice(6)}`)).toEqual([
      'hulk',
    ]);
  });

  test('follows what is saved, before and after the first one, and after a restart', async () => {
    const [moki, hulk] = [await newPerson('moki'), await newPerson('hulk')];
    const office = await officeOf(moki);
    const names = async (where: Office) => {
      const [answer] = (await where.answers(moki, Search.create({ keywords: ['hulk'] }))) ?? [];
      return (answer?.body as { users: readonly ID[] } | undefined)?.users.map(({ name }) => name);
    };
    expect(await names(office)).toEqual([]);
    await office.meet(hulk);
    expect(await names(office)).toEqual(['hulk']);
    await office.close();
    expect(await names(await Office.open({ folder: office.folder }))).toEqual(['hulk']);
  });

  test('is for those who have logged in, of some words, a page at a time, and seldom', async () => {
    const moki = await newPerson('moki');
    const office = await officeOf(moki, { limits: { searchRate: { perSecond: 0.1, burst: 8 } } });
    const find = (keywords: string[], session = new Line(moki.id)) =>
      office.replies(moki, Search.create({ keywords }), { session });
    expect(await find(['moki'], new Line())).toEqual(['Permission denied.']);
    expect(await find([])).toEqual(['Search command error.']);
    expect(await find(['a'])).toEqual(['Search command error.']);
    expect(await find(new Array(17).fill('word'))).toEqual(['Search command error.']);
    expect(await find(['users'])).toEqual(['Permission denied.']);
    const huge = Search.create({ keywords: ['moki'], start: -5, limit: 1e9 });
    const [answer] = (await office.answers(moki, huge)) ?? [];
    expect(answer?.body).toMatchObject({
      start: 0,
      limit: 100,
      station: office.id,
      users: [moki.id],
    });
    const told = Search.create({ keywords: ['moki'], users: [moki.id] });
    expect(await office.replies(moki, told)).toEqual([]);
    for (const _ of [1, 2, 3]) await find(['moki']);
    expect(await find(['moki'])).toEqual(['Too many messages.']);
    // A receipt costs more than a question: only one of them in a minute.
    expect(await find(['moki'])).toEqual([]);
    expect(office.limited).toEqual(['searchRate', 'searchRate']);
    office.clock.time += 10_000;
    expect(await find(['moki'])).toEqual(['<search>']);
  });

  test('tells who is online only if the operator allows it', async () => {
    const [moki, hulk] = [await newPerson('moki'), await newPerson('hulk')];
    const office = await officeOf(moki, { onlineUsers: () => [moki.id, hulk.id] });
    const [answer] =
      (await office.answers(moki, Search.create({ keywords: ['users'], start: 1 }))) ?? [];
    expect(answer?.body).toMatchObject({ users: [hulk.id] });
  });
});

describe('what users keep at the station', () => {
  const data = new Uint8Array([1, 2, 3]);

  test('comes back with members that nobody knows; newest wins; it outlives the program', async () => {
    const moki = await newPerson('moki');
    const office = await officeOf(moki);
    const at = office.clock.seconds;
    const question = Storage.create({ title: 'contacts', did: moki.id });
    expect(await office.replies(moki, question)).toEqual(['Contacts not found.']);
    const keep = (bytes: Uint8Array, time: number) =>
      office.replies(
        moki,
        Storage.create({ title: 'contacts', did: moki.id, data: bytes, key: data }),
        {
          time,
          change: (wire) => ({ ...wire, version: 7 }),
        },
      );
    expect(await keep(data, at)).toEqual(['Contacts received.']);
    expect(await keep(data, at)).toEqual(['Contacts not changed.']);
    expect(await keep(new Uint8Array(9), at - 1)).toEqual(['Contacts not changed.']);
    await office.close();
    const again = await Office.open({ folder: office.folder });
    const [answer] = (await again.answers(moki, question)) ?? [];
    expect(answer).toEqual({
      kind: 'command',
      body: {
        command: 'storage',
        extra: { title: 'contacts', did: moki.id.text, data: 'AQID', key: 'AQID', version: 7 },
      },
    });
    const keys = Storage.create({ title: 'private_key' });
    expect(await again.replies(moki, keys)).toEqual(['Private key not found.']);
  });

  test('is nobody else’s, has a title that there is, a time and a bounded size', async () => {
    const [moki, hulk] = [await newPerson('moki'), await newPerson('hulk')];
    const office = await officeOf(moki);
    await office.meet(hulk);
    const mine = Storage.create({ title: 'contacts', did: moki.id, data });
    await office.replies(moki, mine);
    const theirs = Storage.create({ title: 'contacts', did: moki.id });
    expect(await office.replies(hulk, theirs)).toEqual(['Permission denied.']);
    expect(await office.replies(moki, theirs, { session: new Line(hulk.id) })).toEqual([
      'Permission denied.',
    ]);
    const neighbour = new Line(moki.id, { neighbour: true });
    expect(await office.replies(moki, theirs, { session: neighbour })).toEqual([
      'Permission denied.',
    ]);
    expect(await office.replies(hulk, Storage.create({ title: 'contacts' }))).toEqual([
      'Contacts not found.',
    ]);
    const other = Storage.create({ title: 'films', data });
    expect(await office.replies(moki, other)).toEqual(['Command not support.']);
    const large = Storage.create({ title: 'contacts', data: new Uint8Array(60_000) });
    const time = office.clock.seconds + 1;
    expect(await office.replies(moki, large, { time })).toEqual(['Message too large.']);
    const ahead = { time: office.clock.seconds + 16 * 60 };
    expect(await office.replies(moki, mine, ahead)).toEqual(['Command error.']);
  });
});

describe('block and mute lists', () => {
  test('are told to their owner, replaced by newer ones, and looked up without reading', async () => {
    const [moki, hulk, group] = [
      await newPerson('moki'),
      await newPerson('hulk'),
      await newPerson('g'),
    ];
    const office = await officeOf(moki);
    const at = office.clock.seconds;
    const { lists } = office.commands;
    expect((await office.answers(moki, Block.create({})))?.[0]).toEqual({
      kind: 'block',
      body: { list: [] },
    });
    expect(await lists.blocks(moki.id, hulk.id)).toBe(false);
    // The second time it is known at once that there is none.
    expect(lists.blocks(moki.id, hulk.id)).toBe(false);
    const say = (list: ID[], time: number) =>
      office.replies(moki, Block.create({ list }), { time });
    expect(await say([hulk.id], at)).toEqual(['Block received.']);
    expect(await say([], at)).toEqual(['Block not changed.']);
    expect(await say([], at - 1)).toEqual(['Block not changed.']);
    expect(await lists.blocks(moki.id, hulk.id)).toBe(true);
    expect(lists.blocks(moki.id, hulk.id)).toBe(true);
    // Where there is a group, it is what counts.
    expect(lists.blocks(moki.id, hulk.id, group.id)).toBe(false);
    expect(await lists.blocks(hulk.id, moki.id)).toBe(false);
    expect(await lists.mutes(moki.id, hulk.id)).toBe(false);
    expect(await office.replies(moki, Mute.create({ list: [group.id] }))).toEqual([
      'Mute received.',
    ]);
    expect(await lists.mutes(moki.id, hulk.id, group.id)).toBe(true);
    expect((await office.answers(moki, Block.create({})))?.[0]).toMatchObject({
      body: { list: [hulk.id] },
    });
    await office.close();
    const again = await Office.open({ folder: office.folder });
    expect(await again.commands.lists.blocks(moki.id, hulk.id)).toBe(true);
    const later = { time: at + 5 };
    expect(await again.replies(moki, Block.create({ list: [] }), later)).toEqual([
      'Block received.',
    ]);
    expect(await again.commands.lists.blocks(moki.id, hulk.id)).toBe(false);
  });

  test('hold for all devices of whom is in them, and are bounded', async () => {
    const [moki, hulk] = [await newPerson('moki'), await newPerson('hulk')];
    const office = await officeOf(moki);
    const { parseID } = moki.facebook.protocol;
    await office.replies(moki, Block.create({ list: [parseID(`${hulk.id.text}/phone`)] }));
    expect(await office.commands.lists.blocks(moki.id, parseID(`${hulk.id.text}/laptop`))).toBe(
      true,
    );
    const many = new Array<ID>(2000).fill(hulk.id);
    const time = office.clock.seconds + 1;
    expect(await office.replies(moki, Block.create({ list: many }), { time })).toEqual([
      'Message too large.',
    ]);
    const foreign = { session: new Line(hulk.id) };
    expect(await office.replies(moki, Block.create({ list: [] }), foreign)).toEqual([
      'Permission denied.',
    ]);
    expect(await office.commands.lists.blocks(moki.id, hulk.id)).toBe(true);
  });

  test('that are damaged on disk block nobody, are reported without their owner, and can be replaced', async () => {
    const [moki, hulk] = [await newPerson('moki'), await newPerson('hulk')];
    const office = await officeOf(moki);
    await office.store.set(['station', 'block', moki.id.entity], new Uint8Array([0x7b, 0xff]));
    expect(await office.commands.lists.blocks(moki.id, hulk.id)).toBe(false);
    expect(office.logged).toEqual(['["damaged record",{"what":"block"}]']);
    expect(await office.replies(moki, Block.create({ list: [hulk.id] }))).toEqual([
      'Block received.',
    ]);
    expect(await office.commands.lists.blocks(moki.id, hulk.id)).toBe(true);
  });
});

describe('a station', () => {
  test('does not answer words, receipts, nor what is said to everybody; unknown things it does not support', async () => {
    const moki = await newPerson('moki');
    const office = await officeOf(moki);
    const { envelope, content } = await office.heard(moki, Text.create({ text: 'all users' }));
    expect(await office.replies(moki, Text.create({ text: 'all users' }))).toEqual([]);
    expect(
      await office.replies(moki, receiptFor(envelope, 'Command not support.', { sn: content.sn })),
    ).toEqual([]);
    const unknown = Command.create({ command: 'shutdown' });
    expect(await office.replies(moki, unknown)).toEqual(['Command not support.']);
    expect(await office.replies(moki, unknown, { receiver: EVERYONE })).toEqual([]);
    const custom = Customized.create({ app: 'a', mod: 'm', act: 'x' });
    expect(await office.replies(moki, custom)).toEqual(['Content not support.']);
    const bot = await newPerson('bot', { network: EntityType.Bot });
    await office.meet(bot);
    expect(await office.replies(bot, unknown)).toEqual([]);
    const handshake = Handshake.create({ title: 'Hello world!' });
    expect(await office.answers(moki, handshake)).toBeUndefined();
  });

  test('answers each content of an array, within bounds, and takes no handshake out of one', async () => {
    const moki = await newPerson('moki');
    const office = await officeOf(moki);
    const { contents } = moki.facebook.protocol;
    const { seconds: time } = office.clock;
    const inner = (draft: object) => contents.stamp(draft as never, { time });
    const unknown = inner(Command.create({ command: 'shutdown' }));
    const hello = inner(Handshake.create({ title: 'Hello world!' }));
    const two = ArrayContent.create({ contents: [unknown, hello, unknown] });
    expect(await office.replies(moki, two)).toEqual([
      'Command not support.',
      'Command not support.',
    ]);
    const half = inner(ArrayContent.create({ contents: new Array(40).fill(unknown) }));
    const many = ArrayContent.create({ contents: [half, half] });
    expect(await office.replies(moki, many)).toHaveLength(62);
    let nested = unknown;
    for (let depth = 0; depth < 5; depth++)
      nested = inner(ArrayContent.create({ contents: [nested] }));
    expect(await office.replies(moki, ArrayContent.create({ contents: [nested] }))).toEqual([]);
  });

  test('lets the operator handle contents of his own, once each, and survives their mistakes', async () => {
    const Greeting = defineContent({
      kind: 'com.example/greeting',
      match: { type: '204', app: 'com.example', mod: 'chat', act: 'greet' },
      schema: () => expect.unreachable(),
    });
    const handler = commandHandler(Customized, ({ content }) => {
      if (content.body.act === 'fail') throw new TypeError('secret text');
      return [Text.create({ text: `you said ${content.body.act}` })];
    });
    const moki = await newPerson('moki');
    const office = await officeOf(moki, { handlers: [handler] });
    const say = (act: string) =>
      office.replies(moki, Customized.create({ app: 'a', mod: 'm', act }));
    expect(await say('hi')).toEqual(['<text>']);
    expect(await say('fail')).toEqual(['Command error.']);
    expect(office.logged).toEqual(['["command failed",{"kind":"customized","cause":"TypeError"}]']);
    const twice = commandHandler(Login, () => []);
    await expect(Office.open({ handlers: [twice] })).rejects.toMatchObject({
      code: 'registry/duplicate',
    });
    await expect(
      Office.open({ handlers: [{ kind: 'handshake', handle: () => [] }] }),
    ).rejects.toThrow(RangeError);
    expect(commandHandler(Greeting, () => []).kind).toBe('com.example/greeting');
  });

  test('tells nothing and keeps nothing when the store fails, so that the sender tries again', async () => {
    const moki = await newPerson('moki');
    const office = await officeOf(moki);
    const block = await office.heard(moki, Block.create({ list: [] }));
    await office.store[Symbol.asyncDispose]();
    await expect(office.commands.process(block)).rejects.toMatchObject({ code: 'state/stopped' });
  });
});
