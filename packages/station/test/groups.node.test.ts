import { createGroup } from '@dimp/client';
import type { Store } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { Text } from '@dimp/extensions/contents';
import type { ID } from '@dimp/mkm';
import { expect, test } from 'vitest';
import type { StationOptions } from '../src/index.ts';
import { Device } from './support/device.ts';
import { introduce, newPerson, openStation, type Person } from './support/test-users.ts';

async function world(options: Partial<StationOptions> = {}, store: Store = memoryStore()) {
  const people = [];
  for (const name of ['moki', 'hulk', 'monkey', 'stranger']) people.push(await newPerson(name));
  await introduce(...people);
  const [moki, hulk, monkey] = people as [Person, Person, Person];
  const { station } = await openStation(store, options);
  const { id: group } = await createGroup('readers', {
    facebook: moki.facebook,
    founder: moki.id,
    members: [hulk.id, monkey.id],
  });
  const meta = await moki.facebook.meta(group);
  for (const { facebook } of [hulk, monkey]) {
    if (meta !== undefined) await facebook.saveMeta(meta.wire, group);
    await facebook.saveMembers(group, [moki.id, hulk.id, monkey.id]);
  }
  return { station, store, moki, hulk, monkey, group, sending: await Device.login(station, moki) };
}

async function sendWhole(sending: Device, group: ID, text: string): Promise<void> {
  const { messenger } = sending.person;
  const packed = await messenger.packForGroup(Text.create({ text }), group, { form: 'whole' });
  if (!Array.isArray(packed)) throw new Error('it has to wait');
  for (const message of packed) await sending.transport.send(messenger.serialize(message));
}

test('a message to a whole group is split: each member gets their copy, and the sender one receipt with their names', async () => {
  const { station, sending, hulk, monkey, group } = await world();
  const here = await Device.login(station, hulk);
  await sendWhole(sending, group, 'to all');
  await sending.until(() => sending.receipts().length > 0);
  await here.until(() => here.texts().length > 0);
  const later = await Device.login(station, monkey);
  await later.until(() => later.texts().length > 0);
  expect([here.texts(), later.texts()]).toEqual([['to all'], ['to all']]);
  for (const { raw, person } of [here, later]) {
    const copy = JSON.parse(raw.at(-1) ?? '');
    expect(copy).toMatchObject({ receiver: person.id.text, group: group.text });
    expect(Object.keys(copy.keys ?? {})).toEqual([person.id.entity]);
  }
  const receipts = sending.contents.filter(({ kind }) => kind === 'receipt');
  expect(receipts).toHaveLength(1);
  expect(receipts[0]?.wire['recipients']).toEqual([hulk.id.entity, monkey.id.entity]);
  expect(sending.receipts()).toEqual(['Message forwarded.']);
  await station.stop();
});

test('a member whose inbox is full gets no copy and is not named; one who has blocked the group gets none, and the sender cannot tell', async () => {
  const { station, sending, hulk, monkey, group } = await world({
    blocking: { blocks: (receiver, _, from) => receiver.name === 'monkey' && from !== undefined },
  });
  await sendWhole(sending, group, 'to all');
  await sending.until(() => sending.receipts().length > 0);
  const [receipt] = sending.contents.filter(({ kind }) => kind === 'receipt');
  expect(receipt?.wire['recipients']).toEqual([monkey.id.entity, hulk.id.entity]);
  const blocked = await Device.login(station, monkey);
  await sending.send(Text.create({ text: 'to you' }), monkey.id);
  await blocked.until(() => blocked.texts().length > 0);
  expect(blocked.texts()).toEqual(['to you']);
  await station.stop();
});

test('a message to a group without keys is refused', async () => {
  const { station, sending, hulk, group, store } = await world();
  await sending.sendChanged(Text.create({ text: 'to all' }), hulk.id, ({ key, keys, ...wire }) => ({
    ...wire,
    receiver: group.text,
  }));
  await sending.until(() => sending.receipts().length > 0);
  expect(sending.receipts()).toEqual(['Group message not allow for this station']);
  for await (const _ of store.list(['inbox'])) expect.unreachable();
  await station.stop();
});

test('a message for more members than allowed, or with copies that are too large together, is refused', async () => {
  const few = await world({ limits: { groupFanOut: 1 } });
  await sendWhole(few.sending, few.group, 'to all');
  await few.sending.until(() => few.sending.receipts().length > 0);
  expect(few.sending.receipts()).toEqual(['Message too large.']);
  await few.station.stop();

  const small = await world({ limits: { groupFanOutBytes: 1024 * 1024 } });
  await sendWhole(small.sending, small.group, 'x'.repeat(400_000));
  await small.sending.until(() => small.sending.receipts().length > 0);
  expect(small.sending.receipts()).toEqual(['Message too large.']);
  await small.station.stop();
});

test('names in the keys that are not members are ignored', async () => {
  const { station, sending, hulk, group } = await world();
  const { messenger } = sending.person;
  const packed = await messenger.packForGroup(Text.create({ text: 'x' }), group, { form: 'whole' });
  const [message] = Array.isArray(packed) ? packed : [];
  const wire = { ...message?.wire };
  const keys = { ...(wire['keys'] as object), digest: 'abc', 'no id': 'x', [group.text]: 'x' };
  await sending.transport.send(new TextEncoder().encode(JSON.stringify({ ...wire, keys })));
  await sending.until(() => sending.receipts().length > 0);
  const [receipt] = sending.contents.filter(({ kind }) => kind === 'receipt');
  expect(receipt?.wire['recipients']).toHaveLength(2);
  expect(receipt?.wire['recipients']).toContain(hulk.id.entity);
  await station.stop();
});
