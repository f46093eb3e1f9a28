import { Block, Mute, Storage } from '@dimp/extensions/commands';
import type { ID } from '@dimp/mkm';
import { describe, expect, test } from 'vitest';
import { Line, Office, officeOf } from './support/command-fixture.ts';
import { newPerson } from './support/test-users.ts';

describe('data that users store at the station', () => {
  const data = new Uint8Array([1, 2, 3]);

  test('is returned with unknown members; the newest wins; it survives a restart', async () => {
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

  test('must be the user’s own, with a known title, a time and a bounded size', async () => {
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
  test('are returned to their owner, replaced by newer ones, and looked up without reading the disk', async () => {
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

  test('apply to all devices of the users they contain, and are bounded', async () => {
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

  test('that are damaged on disk block no user, are logged without their owner, and can be replaced', async () => {
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
