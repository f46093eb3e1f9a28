import type { ID } from '@dimp/mkm';
import { describe, expect, test } from 'vitest';
import { createGroup, type GroupForm } from '../src/index.ts';
import { protocol } from './people.ts';
import { acquaint, type Client, onlyDelivery, text, World } from './world.ts';

async function team() {
  const world = new World();
  const moki = await world.join('moki');
  const hulk = await world.join('hulk');
  const monkey = await world.join('monkey');
  const group = await createGroup('team', {
    facebook: moki.facebook,
    founder: moki.id,
    members: [hulk.id, monkey.id],
  });
  for (const { facebook } of [hulk, monkey]) {
    await facebook.saveMeta((await group.meta())!, group.id);
    await facebook.saveMembers(group.id, await group.members());
  }
  return { world, moki, hulk, monkey, group: group.id };
}

const statesOf = (report: { receivers: readonly { receiver: ID; state: string }[] }) =>
  report.receivers.map(({ receiver, state }) => `${receiver.name} ${state}`);

describe.each(['hidden', 'split'] as const)('a %s message to a group', (form: GroupForm) => {
  test('has the state of the slowest member, and is received when all have it', async () => {
    const { world, moki, hulk, monkey, group } = await team();
    await acquaint(moki, hulk, monkey);
    monkey.online = false;
    const delivery = await moki.messenger.send(text('hi'), group, { form });
    await world.carry();
    expect(delivery.report).toMatchObject({ state: 'sent', settled: false });
    expect(statesOf(delivery.report)).toEqual(['hulk received', 'monkey sent']);
    monkey.online = true;
    await world.live(30_000, 5000);
    expect(delivery.report).toMatchObject({ state: 'received', settled: true });
    expect([hulk.shown, monkey.shown]).toEqual([['hi'], ['hi']]);
    expect(await moki.messenger.deliveries()).toEqual([]);
  });

  test('goes to those who can be reached, and to the others when they can, after a restart too', async () => {
    const { world, moki, hulk, monkey, group } = await team();
    await acquaint(moki, hulk);
    await moki.messenger.send(text('hi'), group, { form });
    await world.carry();
    const before = await onlyDelivery(moki);
    expect(statesOf(before.report)).toEqual(['hulk received', 'monkey waiting']);
    expect(before.report).toMatchObject({ state: 'waiting', waitingFor: { for: 'visa' } });
    await world.restart(moki);
    const delivery = await onlyDelivery(moki);
    expect(statesOf(delivery.report)).toEqual(['hulk received', 'monkey waiting']);
    await acquaint(moki, monkey);
    await world.carry();
    expect(statesOf(delivery.report)).toEqual(['hulk received', 'monkey received']);
    expect(delivery.state).toBe('received');
    expect([hulk.shown, monkey.shown]).toEqual([['hi'], ['hi']]);
  });

  test('reports the member whose copy failed, goes on for the others, and can be retried for that member alone', async () => {
    const { world, moki, hulk, monkey, group } = await team();
    await acquaint(moki, hulk, monkey);
    await world.restart(moki, { resend: { expiresAfter: 60 * 60_000 } });
    monkey.online = false;
    const delivery = await moki.messenger.send(text('hi'), group, { form });
    await world.live(2 * 60 * 60_000, 60_000);
    expect(statesOf(delivery.report)).toEqual(['hulk received', 'monkey failed']);
    expect(delivery.report).toMatchObject({ state: 'received', settled: true });
    expect((await onlyDelivery(moki)).id).toBe(delivery.id);
    monkey.online = true;
    await delivery.retry();
    await moki.messenger.idle();
    expect(moki.sent.map(({ to }) => to.name)).toEqual(['monkey']);
    await world.carry();
    expect(statesOf(delivery.report)).toEqual(['hulk received', 'monkey received']);
    expect([hulk.shown, monkey.shown]).toEqual([['hi'], ['hi']]);
    expect(await moki.messenger.deliveries()).toEqual([]);
  });
});

test('a whole message to a group goes out once, and a member’s receipt confirms it', async () => {
  const { world, moki, hulk, monkey, group } = await team();
  await acquaint(moki, hulk, monkey);
  const delivery = await moki.messenger.send(text('hi'), group, { form: 'whole' });
  await moki.messenger.idle();
  expect(moki.sent.map(({ to }) => to.entity)).toEqual([group.entity]);
  const [packet] = moki.sent.splice(0);
  if (packet === undefined) expect.unreachable();
  for (const member of [hulk, monkey]) await world.deliver(packet.bytes, member);
  await world.carry();
  expect(delivery.state).toBe('received');
  expect([hulk.shown, monkey.shown]).toEqual([['hi'], ['hi']]);
});

test('hidden copies do not show the group to those who carry them, split ones do', async () => {
  const { moki, hulk, monkey, group } = await team();
  await acquaint(moki, hulk, monkey);
  for (const [form, shown] of [
    ['hidden', undefined],
    ['split', group.entity],
  ] as const) {
    await moki.messenger.send(text(form), group, { form });
    await moki.messenger.idle();
    const packets = moki.sent.splice(0);
    expect(packets.map(({ to }) => to.name)).toEqual(['hulk', 'monkey']);
    for (const { bytes } of packets) {
      expect(protocol.parseMessage(bytes).envelope.group?.entity).toBe(shown);
    }
  }
});

describe('a message to a group whose members are not known', () => {
  async function unknownTeam(): Promise<{ world: World; members: readonly Client[]; group: ID }> {
    const { world, moki, hulk, monkey, group } = await team();
    await acquaint(moki, hulk, monkey);
    return { world, members: [hulk, monkey, moki], group };
  }

  test('waits for them and goes on when they arrive, after a restart too', async () => {
    const { world, members, group } = await unknownTeam();
    const [, monkey, moki] = members;
    const stranger = await world.join('stranger');
    if (monkey === undefined || moki === undefined) expect.unreachable();
    await acquaint(stranger, monkey);
    await stranger.messenger.send(text('hi'), group, { form: 'hidden' });
    await world.restart(stranger);
    const delivery = await onlyDelivery(stranger);
    expect(delivery.report).toMatchObject({
      state: 'waiting',
      waitingFor: { for: 'members', id: { entity: group.entity } },
      receivers: [],
    });
    await stranger.facebook.saveMembers(group, [monkey.id, stranger.id]);
    await monkey.facebook.saveMembers(group, [monkey.id, stranger.id]);
    await world.carry();
    expect(statesOf(delivery.report)).toEqual(['monkey received']);
    expect(monkey.shown).toEqual(['hi']);
  });

  test('is given up at last, and tried again it still goes to each member', async () => {
    const { world, members, group } = await unknownTeam();
    const [, monkey] = members;
    const stranger = await world.join('stranger');
    if (monkey === undefined) expect.unreachable();
    await acquaint(stranger, monkey);
    const delivery = await stranger.messenger.send(text('hi'), group);
    await world.pass(8 * 24 * 60 * 60_000);
    expect(delivery.report).toMatchObject({
      state: 'failed',
      error: { code: 'identity/not-found' },
    });
    await stranger.facebook.saveMembers(group, [monkey.id, stranger.id]);
    await delivery.retry();
    await stranger.messenger.idle();
    const people = stranger.sent.filter(({ to }) => !to.isBroadcast);
    expect(people.map(({ to }) => to.name)).toEqual(['monkey']);
  });
});

test('a message to a group without other members sends nothing', async () => {
  const world = new World();
  const moki = await world.join('moki');
  const group = await createGroup('alone', {
    facebook: moki.facebook,
    founder: moki.id,
    members: [],
  });
  const delivery = await moki.messenger.send(text('hi'), group.id);
  expect(delivery.report).toMatchObject({ state: 'received', settled: true, receivers: [] });
  await moki.messenger.idle();
  expect(moki.sent).toEqual([]);
  expect(await moki.messenger.deliveries()).toEqual([]);
});

test('a member for whom a message cannot be packed does not keep it from the others', async () => {
  const { world, moki, hulk, monkey, group } = await team();
  await acquaint(moki, hulk, monkey);
  // Hulk has confirmed our visa; with it, the message to Monkey is too long by a little.
  await moki.messenger.send(text('first'), hulk.id);
  await world.carry();
  const bytesOf = async (length: number): Promise<number> => {
    const message = await moki.messenger.pack(text('x'.repeat(length)), hulk.id);
    if ('status' in message) expect.unreachable();
    return moki.messenger.serialize(message).length;
  };
  const tooMuch = 1024 * 1024 - (await bytesOf(0));
  // Base64 makes four of three.
  const length = Math.floor((tooMuch - 700) * 0.75);
  const delivery = await moki.messenger.send(text('x'.repeat(length)), group, { form: 'hidden' });
  await world.carry();
  expect(statesOf(delivery.report)).toEqual(['hulk received', 'monkey failed']);
  expect(delivery.report).toMatchObject({ state: 'received', settled: true });
  expect(hulk.shown).toHaveLength(2);
  await world.restart(moki);
  expect(statesOf((await onlyDelivery(moki)).report)).toEqual(['hulk received', 'monkey failed']);
});
