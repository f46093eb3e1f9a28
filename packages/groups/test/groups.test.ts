import { Text } from '@dimp/extensions/contents';
import { describe, expect, test } from 'vitest';
import { expectSame, groupOf, membersSeenBy, World } from './world.ts';

const text = (words: string) => Text.create({ text: words });

/** A group of anna with ben, and carl who knows both. */
async function hiking() {
  const world = new World();
  const [anna, ben, carl] = await world.join('anna', 'ben', 'carl');
  if (anna === undefined || ben === undefined || carl === undefined) expect.unreachable();
  const group = await anna.groups.create('hiking', { members: [ben.id] });
  await world.carry();
  return { world, anna, ben, carl, group };
}

describe('a group', () => {
  test('is seen alike by its founder and its members, who may speak', async () => {
    const { world, anna, ben, group } = await hiking();
    await expectSame(group, anna, ben);
    expect(await membersSeenBy(ben, group)).toEqual(['anna', 'ben']);
    expect((await groupOf(ben, group).state()).standing).toBe('active');
    await ben.messenger.send(text('hello'), group.id);
    await world.carry();
    expect(anna.shown).toEqual(['hello']);
    expect([...anna.failed, ...ben.failed, ...anna.refused, ...ben.refused]).toEqual([]);
  });

  test('gets a member by an administrator, who is not its owner', async () => {
    const { world, anna, ben, carl, group } = await hiking();
    await group.appoint([ben.id]);
    await world.carry();
    await groupOf(ben, group).invite([carl.id]);
    await world.carry();
    await expectSame(group, anna, ben, carl);
    expect(await membersSeenBy(anna, group)).toEqual(['anna', 'ben', 'carl']);
    await carl.messenger.send(text('hi all'), group.id);
    await world.carry();
    expect([anna.shown, ben.shown]).toEqual([['hi all'], ['hi all']]);
  });

  test('loses a member, who is told so and reads nothing that is sent from then on', async () => {
    const { world, anna, ben, carl, group } = await hiking();
    await group.invite([carl.id]);
    await world.carry();
    await group.remove([carl.id]);
    await anna.messenger.send(text('without carl'), group.id);
    await world.carry();
    expect(ben.shown).toEqual(['without carl']);
    expect(carl.shown).toEqual([]);
    expect((await groupOf(carl, group).state()).standing).toBe('removed');
    await expect(carl.messenger.send(text('me?'), group.id)).rejects.toMatchObject({
      code: 'policy/unauthorized',
    });
    await expectSame(group, anna, ben);
  });

  test('is left by a member and by an administrator, not by its owner', async () => {
    const { world, anna, ben, carl, group } = await hiking();
    await group.invite([carl.id]);
    await group.appoint([ben.id]);
    await world.carry();
    await groupOf(ben, group).leave();
    await groupOf(carl, group).leave();
    await world.carry();
    expect(await membersSeenBy(anna, group)).toEqual(['anna']);
    expect((await groupOf(ben, group).state()).standing).toBe('left');
    await expect(group.leave()).rejects.toMatchObject({ code: 'policy/unauthorized' });
  });

  test('gets whom a member proposes when an administrator approves it', async () => {
    const { world, anna, ben, carl, group } = await hiking();
    await groupOf(ben, group).invite([carl.id], { reason: 'she hikes' });
    await world.carry();
    const { proposals } = await group.state();
    expect(proposals).toMatchObject([{ kind: 'invite', users: [carl.id.entity] }]);
    await group.approve(proposals[0]?.name ?? '');
    await world.carry();
    await expectSame(group, anna, ben, carl);
    expect((await group.state()).proposals).toEqual([]);
  });

  test('gets whom a member proposes at once if its policy says so', async () => {
    const { world, anna, ben, carl, group } = await hiking();
    await group.setPolicy({ invite: 'members' });
    await world.carry();
    await groupOf(ben, group).invite([carl.id]);
    await world.carry();
    await expectSame(group, anna, ben, carl);
    expect(await membersSeenBy(carl, group)).toContain('carl');
  });

  test('changes its name by its owner only', async () => {
    const { world, ben, group } = await hiking();
    await expect(groupOf(ben, group).rename('mine')).rejects.toMatchObject({
      code: 'policy/unauthorized',
    });
    await group.rename('walking');
    await world.carry();
    expect((await ben.facebook.document(group.id))?.properties['name']).toBe('walking');
  });

  test('in which only administrators speak refuses the texts of members', async () => {
    const { world, anna, ben, group } = await hiking();
    await group.setPolicy({ speak: 'admins' });
    await world.carry();
    await expect(ben.messenger.send(text('no'), group.id)).rejects.toMatchObject({
      code: 'policy/unauthorized',
    });
    await anna.messenger.send(text('yes'), group.id);
    await world.carry();
    expect(ben.shown).toEqual(['yes']);
  });
});
