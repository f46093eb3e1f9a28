import { isWaiting, Transceiver } from '@dimp/core';
import { Forward } from '@dimp/dkd/commands';
import { Text } from '@dimp/extensions/contents';
import { Invite, Query, Quit, Reset } from '@dimp/extensions/groups';
import { ANYONE, type ID } from '@dimp/mkm';
import { describe, expect, test } from 'vitest';
import { deployedGroups } from './deployed.ts';
import { expectSame, groupOf, membersSeenBy, type Person, protocol, World } from './world.ts';

type GroupDraft = ReturnType<typeof Quit.create | typeof Invite.create | typeof Reset.create>;

const text = (words: string) => Text.create({ text: words });

/** A group of anna with ben, and olga, who uses a deployed client. */
async function mixed() {
  const world = new World();
  const [anna, ben, carl] = await world.join('anna', 'ben', 'carl');
  const olga = await world.add('olga', { service: deployedGroups });
  if (anna === undefined || ben === undefined || carl === undefined) expect.unreachable();
  await world.acquaint(anna, ben, carl, olga);
  const group = await anna.groups.create('mixed', { members: [ben.id, olga.id] });
  await world.carry();
  return { world, anna, ben, carl, olga, group };
}

async function listOf({ facebook }: Person, { id }: { readonly id: ID }) {
  return (await facebook.members(id)).map(({ name }) => name);
}

/** Signs a command as deployed clients do, and forwards it. */
async function forwarded(world: World, from: Person, draft: GroupDraft, ...to: readonly Person[]) {
  const transceiver = new Transceiver({ barrack: from.facebook });
  const time = world.time.now() / 1000;
  const content = protocol.contents.stamp(draft, { time });
  const envelope = { sender: from.id, receiver: ANYONE, time };
  const secure = await transceiver.encrypt({ envelope, content });
  if (isWaiting(secure)) expect.unreachable();
  const { wire } = await transceiver.sign(secure);
  for (const each of to) {
    await from.messenger.send(Forward.create({ messages: [wire] }), each.id);
  }
  await world.carry();
}

describe('a deployed client in a group', () => {
  test('is founded into it, and follows each change by a list', async () => {
    const { world, anna, ben, carl, olga, group } = await mixed();
    expect(await listOf(olga, group)).toEqual(['anna', 'ben', 'olga']);
    await group.invite([carl.id]);
    await world.live(2000);
    await group.remove([ben.id]);
    await world.live(2000);
    expect(await listOf(olga, group)).toEqual(['anna', 'olga', 'carl']);
    await expectSame(group, anna, carl);
    await olga.messenger.send(text('from an old program'), group.id);
    await world.carry();
    expect([anna.shown, carl.shown]).toEqual([['from an old program'], ['from an old program']]);
  });

  test('is told of its own removal by a list', async () => {
    const { world, olga, group } = await mixed();
    await world.live(2000);
    await group.remove([olga.id]);
    await world.carry();
    expect(await listOf(olga, group)).toEqual(['anna', 'ben']);
  });

  test('gets the same message as all others when somebody leaves', async () => {
    const { world, anna, ben, olga, group } = await mixed();
    await groupOf(ben, group).leave();
    await world.carry();
    expect(await listOf(olga, group)).toEqual(['anna', 'olga']);
    expect(await membersSeenBy(anna, group)).toEqual(['anna', 'olga']);
  });

  test('leaves it by a command that it forwards', async () => {
    const { world, anna, ben, olga, group } = await mixed();
    await world.live(2000);
    await forwarded(world, olga, Quit.create({}, { group: group.id }), anna, ben);
    await expectSame(group, anna, ben);
    expect(await membersSeenBy(anna, group)).toEqual(['anna', 'ben']);
  });

  test('proposes a member, which reaches the owner as a proposal', async () => {
    const { world, anna, ben, carl, olga, group } = await mixed();
    await world.live(2000);
    const draft = Invite.create({ members: [carl.id] }, { group: group.id });
    await forwarded(world, olga, draft, anna, ben);
    const { proposals } = await group.state();
    expect(proposals).toMatchObject([{ by: olga.id.entity, users: [carl.id.entity] }]);
    await group.approve(proposals[0]?.name ?? '');
    await world.live(2000);
    expect(await listOf(olga, group)).toEqual(['anna', 'ben', 'olga', 'carl']);
    await expectSame(group, anna, ben, carl);
  });

  test('of an administrator replaces the list, as additions and removals', async () => {
    const { world, anna, ben, carl, olga, group } = await mixed();
    await group.appoint([olga.id]);
    await world.live(2000);
    const draft = Reset.create({ members: [anna.id, olga.id, carl.id] }, { group: group.id });
    await forwarded(world, olga, draft, anna, ben, carl);
    await world.live(120_000, 5000);
    expect(await membersSeenBy(anna, group)).toEqual(['anna', 'olga', 'carl']);
    expect((await groupOf(ben, group).state()).standing).toBe('removed');
  });

  test('asks for the history by the old command, and gets the list', async () => {
    const { world, anna, olga, group } = await mixed();
    await olga.facebook.saveMembers(group.id, []);
    await world.live(2000);
    await olga.messenger.send(Query.create({}, { group: group.id }), anna.id);
    await world.carry();
    expect(await listOf(olga, group)).toEqual(['anna', 'ben', 'olga']);
  });
});
