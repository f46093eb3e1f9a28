import type { Draft } from '@dimp/dkd';
import { Ans, Search } from '@dimp/extensions/commands';
import type { JsonObject } from '@dimp/foundation';
import { EntityType, type ID } from '@dimp/mkm';
import { describe, expect, test } from 'vitest';
import { Line, Office, officeOf } from './support/command-fixture.ts';
import { newPerson, protocol } from './support/test-users.ts';

describe('the address-name service', () => {
  test('answers from the table of the operator, in upper or lower case, and never from what a client says', async () => {
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
  test('finds users and bots by name, ID and both numbers, and requires all words', async () => {
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

  test('finds what was saved before and after the first search, and after a restart', async () => {
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

  test('is answered only after login, with a bounded number of words, in pages, and at a limited rate', async () => {
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

  test('shows who is online only if the operator allows it', async () => {
    const [moki, hulk] = [await newPerson('moki'), await newPerson('hulk')];
    const office = await officeOf(moki, { onlineUsers: () => [moki.id, hulk.id] });
    const [answer] =
      (await office.answers(moki, Search.create({ keywords: ['users'], start: 1 }))) ?? [];
    expect(answer?.body).toMatchObject({ users: [hulk.id] });
  });

  test('names users without their terminals, whether found by words, by ID or online', async () => {
    const [moki, hulk] = [await newPerson('moki'), await newPerson('hulk')];
    const phone = protocol.parseID(`${hulk.id.text}/phone`);
    const office = await officeOf(moki, { onlineUsers: () => [phone] });
    const meta = (await hulk.facebook.meta(hulk.id)) ?? expect.unreachable();
    const visa = (await hulk.facebook.document(hulk.id)) ?? expect.unreachable();
    await office.facebook.saveMeta(meta.wire, hulk.id);
    await office.facebook.saveDocument(visa.wire, phone);
    for (const word of ['hulk', phone.text, 'users']) {
      const [answer] = (await office.answers(moki, Search.create({ keywords: [word] }))) ?? [];
      const users = (answer?.body as { users: readonly ID[] } | undefined)?.users ?? [];
      expect(users.map(({ text }) => text)).toEqual([hulk.id.entity]);
    }
  });

  test('and a name query are answered with the additional members of the query', async () => {
    const moki = await newPerson('moki');
    const office = await officeOf(moki);
    const ask = (draft: Draft, more: JsonObject) =>
      office.answers(moki, draft, { change: (wire) => ({ ...wire, ...more }) });
    const more = { tag: 7, nested: { a: ['b'] } };
    const [found] = (await ask(Search.create({ keywords: ['moki'] }), more)) ?? [];
    expect(found).toMatchObject({ kind: 'search', extra: more });
    const [names] = (await ask(Ans.create({ names: ['station'] }), more)) ?? [];
    expect(names).toMatchObject({ kind: 'ans', extra: more });
    const own = { results: {}, missed: ['x'], station: moki.id.text };
    const [plain] = (await ask(Search.create({ keywords: ['moki'] }), { ...own, tag: 1 })) ?? [];
    expect((plain as { extra?: JsonObject }).extra).toEqual({ missed: ['x'], tag: 1 });
    const [long] =
      (await ask(Search.create({ keywords: ['moki'] }), { tag: 'x'.repeat(2000) })) ?? [];
    expect(long).not.toHaveProperty('extra');
  });
});
