import { memoryStore } from '@dimp/core/memory';
import { DocumentsCommand, Storage } from '@dimp/extensions/commands';
import { Text } from '@dimp/extensions/contents';
import { EntityType, EVERYONE } from '@dimp/mkm';
import { describe, expect, test } from 'vitest';
import { Acquaintances } from '../src/index.ts';
import { Line, loginOf, Office } from './support/command-fixture.ts';
import { Device } from './support/device.ts';
import { introduce, newPerson, openStation, protocol, tell } from './support/test-users.ts';

const hello = Text.create({ text: 'hello' });

/** The members of a receipt that do not differ each time. */
function said(device: Device): unknown[] {
  return device.contents
    .filter(({ kind }) => kind === 'receipt')
    .map(({ body }) => {
      const { text, code, template, replacements } = body as unknown as Record<string, unknown>;
      return { text, code, template, replacements };
    });
}

describe('a stranger', () => {
  test('gets the same receipt for a message to a user who is online, offline, elsewhere, or has blocked them', async () => {
    const elsewhere = {
      id: 'elsewhere',
      kind: 'neighbour' as const,
      async send() {},
    };
    const people = await Promise.all(
      ['moki', 'online', 'offline', 'away', 'blocking'].map((name) => newPerson(name)),
    );
    const [moki, online, offline, away, blocking] = people;
    if (!moki || !online || !offline || !away || !blocking) throw new Error('nobody');
    await introduce(...people);
    const { station } = await openStation(memoryStore(), {
      blocking: { blocks: ({ name }) => name === 'blocking' },
      neighbours: {
        trusts: () => false,
        sinksOf: ({ name }) => (name === 'away' ? [elsewhere] : []),
        async broadcast() {},
      },
    });
    const sending = await Device.login(station, moki);
    const here = await Device.login(station, online);
    for (const { id } of [online, offline, away, blocking]) {
      const before = said(sending).length;
      await sending.send(hello, id);
      await sending.until(() => said(sending).length > before);
    }
    await here.until(() => here.texts().length > 0);
    // Answered by the one who is online, and only then told when they get something.
    await here.send(hello, moki.id);
    await sending.until(() => sending.texts().length > 0);
    await sending.send(hello, online.id);
    await sending.until(() => said(sending).length === 5);
    const cached = { text: 'Message cached.' };
    expect(said(sending).slice(0, 4)).toEqual(Array(4).fill(expect.objectContaining(cached)));
    expect(
      new Set(
        said(sending)
          .slice(0, 4)
          .map((each) => JSON.stringify(each)),
      ).size,
    ).toBe(1);
    expect(said(sending).at(-1)).toMatchObject({ text: 'Message delivered.' });
    await station.stop();
  });

  test('gets no further receipt when a waiting message is delivered, before and after a restart of the station', async () => {
    const [moki, hulk] = [await newPerson('moki'), await newPerson('hulk')];
    await introduce(moki, hulk);
    const store = memoryStore();
    const first = await openStation(store);
    const sending = await Device.login(first.station, moki);
    await sending.send(hello, hulk.id);
    await sending.until(() => said(sending).length === 1);
    await first.station.stop();
    const second = await openStation(store);
    const again = await Device.login(second.station, moki);
    const receiving = await Device.login(second.station, hulk);
    await receiving.until(() => receiving.texts().length === 1);
    await again.send(hello, hulk.id);
    await receiving.until(() => receiving.texts().length === 2);
    await again.until(() => said(again).length === 1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(again.receipts()).toEqual(['Message cached.']);
    await second.station.stop();
  });
});

describe('the station of a user', () => {
  async function world() {
    const office = await Office.open();
    const [moki, hulk] = [await newPerson('moki'), await newPerson('hulk')];
    await office.meet(moki, hulk);
    await office.answers(hulk, loginOf(hulk.id, office.id), { receiver: EVERYONE });
    const ask = (session?: Line) =>
      office.replies(moki, DocumentsCommand.create({ did: hulk.id }), session && { session });
    return { office, moki, hulk, ask };
  }

  test('is not revealed before login, nor to a stranger', async () => {
    const { moki, ask } = await world();
    expect(await ask(new Line())).toEqual(['<documents>']);
    expect(await ask(new Line(moki.id, { port: 2 }))).toEqual(['<documents>']);
  });

  test('is revealed to those whom the user has written to, and not to those who only wrote to the user', async () => {
    const { office, moki, hulk, ask } = await world();
    office.commands.acquaintances.wrote(moki.id, hulk.id);
    expect(await ask()).toEqual(['<documents>']);
    office.commands.acquaintances.wrote(hulk.id, moki.id);
    expect(await ask()).toEqual(['<forward>']);
    // Not before login, although they are known.
    expect(await ask(new Line(undefined, { port: 2 }))).toEqual(['<documents>']);
  });

  test('is revealed to contacts, if the user stores these at the station in plain text', async () => {
    const { office, moki, hulk, ask } = await world();
    const deposit = Storage.create({ title: 'contacts', contacts: [moki.id] });
    expect(await office.replies(hulk, deposit)).toEqual(['Contacts received.']);
    expect(await ask()).toEqual(['<documents>', '<forward>']);
  });

  test('is revealed to a neighbour, which relays to the user', async () => {
    const { office, hulk } = await world();
    const station = await newPerson('other', { network: EntityType.Station });
    await tell(office.facebook, station);
    await tell(station.facebook, { id: office.id, facebook: office.facebook } as never);
    const session = new Line(station.id, { neighbour: true });
    const question = DocumentsCommand.create({ did: hulk.id });
    expect(await office.replies(station, question, { session })).toEqual([
      '<documents>',
      '<forward>',
    ]);
  });
});

test('acquaintances are bounded for each user, independently of others', async () => {
  const people = await Promise.all(Array.from({ length: 2 }, (_, i) => newPerson(`p${i}`)));
  const [moki, hulk] = people;
  if (!moki || !hulk) throw new Error('nobody');
  const known = new Acquaintances({ parseID: protocol.parseID });
  known.wrote(moki.id, hulk.id);
  for (let i = 0; i < 1000; i++) {
    known.wrote(hulk.id, protocol.parseID(`n${i}@${moki.id.address.canonical}`));
  }
  expect(known.knows(moki.id, hulk.id)).toBe(true);
  expect(known.knows(hulk.id, moki.id)).toBe(false);
  const recent = Array.from({ length: 1000 }, (_, i) =>
    known.knows(hulk.id, protocol.parseID(`n${i}@${moki.id.address.canonical}`)),
  );
  expect(recent.filter(Boolean).length).toBeLessThanOrEqual(128);
});
