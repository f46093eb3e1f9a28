import { Text } from '@dimp/extensions/contents';
import { describe, expect, test } from 'vitest';
import { expectSame, groupOf, membersSeenBy, type Person, World } from './world.ts';

const MINUTE = 60_000;
const text = (words: string) => Text.create({ text: words });

/** A group of anna, ben and carl, in which ben is an administrator, and dora who knows them. */
async function started() {
  const world = new World();
  const [anna, ben, carl, dora] = await world.join('anna', 'ben', 'carl', 'dora');
  if (anna === undefined || ben === undefined || carl === undefined || dora === undefined) {
    expect.unreachable();
  }
  const group = await anna.groups.create('rowing', { members: [ben.id, carl.id] });
  await world.carry();
  await group.appoint([ben.id]);
  await world.carry();
  return { world, anna, ben, carl, dora, group };
}

/** Loses everything that goes to some people. */
const losesFor =
  (...people: readonly Person[]) =>
  ({ to }: { readonly to: { readonly entity: string } }) =>
    people.some(({ id }) => id.entity === to.entity);

describe('a member who has missed an entry', () => {
  test('notices it at the next message of anybody, asks, and gets it', async () => {
    const { world, anna, ben, carl, dora, group } = await started();
    await groupOf(ben, group).invite([dora.id]);
    // Carl gets nothing of it, and it is not sent again.
    carl.sent.length = 0;
    world.loses = losesFor(carl);
    await world.carry();
    for (const each of await ben.messenger.deliveries()) await each.cancel();
    world.loses = () => false;
    expect(await membersSeenBy(carl, group)).not.toContain('dora');
    await anna.messenger.send(text('hello'), group.id);
    await world.carry();
    expect(carl.shown).toEqual(['hello']);
    await world.live(2 * MINUTE, 5000);
    await expectSame(group, anna, ben, carl, dora);
  });

  test('gets the message of a new member when the entry that adds them has arrived', async () => {
    const { world, anna, ben, carl, dora, group } = await started();
    world.loses = losesFor(carl);
    await groupOf(ben, group).invite([dora.id]);
    await world.carry();
    world.loses = () => false;
    await dora.messenger.send(text('new here'), group.id);
    await world.carry();
    await world.live(2 * MINUTE, 5000);
    expect(carl.shown).toEqual(['new here']);
    await expectSame(group, anna, ben, carl, dora);
  });
});

describe('a program that is killed', () => {
  test('between any two writes carries its entries when it starts again', async () => {
    for (const afterWrites of [1, 2, 3, 5, 7]) {
      const { world, anna, ben, carl, dora, group } = await started();
      ben.store.crash({ afterWrites });
      const isDone = await groupOf(ben, group)
        .invite([dora.id])
        .then(() => true)
        .catch(() => false);
      await world.rest();
      await world.restart(ben);
      await world.live(6 * MINUTE, 30_000);
      if (isDone) expect(await membersSeenBy(ben, group)).toContain('dora');
      const { members } = await groupOf(ben, group).state();
      const present = members.length === 4 ? [anna, ben, carl, dora] : [anna, ben, carl];
      await expectSame(group, ...present);
    }
  });

  test('while it receives entries gets them again', async () => {
    for (const afterWrites of [0, 1, 2, 4]) {
      const { world, anna, ben, carl, dora, group } = await started();
      carl.store.crash({ afterWrites });
      await groupOf(ben, group).invite([dora.id]);
      await world.carry().catch(() => undefined);
      await world.restart(carl);
      await world.live(6 * MINUTE, 30_000);
      await expectSame(group, anna, ben, carl, dora);
    }
  });
});

describe('changes at the same time', () => {
  test('end alike for all: removal wins', async () => {
    const { world, anna, ben, carl, dora, group } = await started();
    await group.invite([dora.id]);
    await world.carry();
    // Neither sees the change of the other.
    await group.remove([dora.id]);
    await groupOf(ben, group).invite([dora.id]);
    await world.carry();
    await world.live(2 * MINUTE, 5000);
    await expectSame(group, anna, ben, carl);
    expect(await membersSeenBy(anna, group)).not.toContain('dora');
    await groupOf(ben, group).invite([dora.id]);
    await world.carry();
    await expectSame(group, anna, ben, carl, dora);
    expect((await groupOf(dora, group).state()).standing).toBe('active');
  });

  test('what a dismissed administrator does before they know it is void', async () => {
    const { world, anna, ben, carl, dora, group } = await started();
    await group.dismiss([ben.id]);
    await groupOf(ben, group).invite([dora.id]);
    await world.carry();
    await world.live(2 * MINUTE, 5000);
    await expectSame(group, anna, ben, carl);
    expect(await membersSeenBy(ben, group)).not.toContain('dora');
    const events = [];
    for await (const each of groupOf(carl, group).history()) events.push([each.kind, each.effect]);
    expect(events).toContainEqual(['add', 'void']);
  });

  test('a dismissal with undo takes back what the administrator has changed', async () => {
    const { world, anna, ben, carl, dora, group } = await started();
    await groupOf(ben, group).invite([dora.id]);
    await groupOf(ben, group).remove([carl.id]);
    await world.carry();
    expect(await membersSeenBy(anna, group)).toEqual(['anna', 'ben', 'dora']);
    await group.dismiss([ben.id], { undo: true });
    await world.carry();
    expect(await membersSeenBy(anna, group)).toEqual(['anna', 'ben', 'carl']);
    await world.live(2 * MINUTE, 5000);
    await expectSame(group, anna, ben, carl);
    expect((await groupOf(dora, group).state()).standing).toBe('removed');
  });
});

test('the founder settles entries after a day, and newcomers get what is left', async () => {
  const { world, anna, ben, carl, dora, group } = await started();
  await groupOf(ben, group).remove([carl.id]);
  await world.carry();
  await world.live(25 * 60 * MINUTE, 30 * MINUTE);
  await groupOf(ben, group).invite([dora.id]);
  await world.carry();
  await expectSame(group, anna, ben, dora);
  expect(await membersSeenBy(dora, group)).toEqual(['anna', 'ben', 'dora']);
  const kinds = [];
  for await (const each of groupOf(dora, group).history()) kinds.push(each.kind);
  expect(kinds).toEqual(['list', 'add']);
});
