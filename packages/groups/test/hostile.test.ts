import { isWaiting, Transceiver } from '@dimp/core';
import type { ReliableMessage } from '@dimp/dkd';
import { DocumentsCommand, Forward } from '@dimp/dkd/commands';
import { Text } from '@dimp/extensions/contents';
import {
  Expel,
  GroupHistoryQuery,
  Invite,
  Join,
  Quit,
  Reset,
  type Resign,
} from '@dimp/extensions/groups';
import type { JsonObject } from '@dimp/foundation';
import { ANYONE, type ID, signDocument } from '@dimp/mkm';
import { describe, expect, test } from 'vitest';
import { expectSame, groupOf, membersSeenBy, type Person, protocol, World } from './world.ts';

const MINUTE = 60_000;
const text = (words: string) => Text.create({ text: words });

type GroupDraft = ReturnType<
  | typeof Quit.create
  | typeof Invite.create
  | typeof Reset.create
  | typeof Expel.create
  | typeof Join.create
  | typeof Resign.create
>;

/** A group of anna with the administrator ben and the member carl; eve knows them and is no member. */
async function started() {
  const world = new World();
  const [anna, ben, carl, eve] = await world.join('anna', 'ben', 'carl', 'eve');
  if (anna === undefined || ben === undefined || carl === undefined || eve === undefined) {
    expect.unreachable();
  }
  const group = await anna.groups.create('attacked', { members: [ben.id, carl.id] });
  await world.live(1000);
  await group.appoint([ben.id]);
  await world.live(1000);
  return { world, anna, ben, carl, eve, group };
}

/** Signs a command by a person's program, without asking their groups whether they may. */
async function signed(
  world: World,
  { facebook, id }: Person,
  draft: GroupDraft,
  seconds = world.time.now() / 1000,
): Promise<ReliableMessage> {
  const transceiver = new Transceiver({ barrack: facebook });
  const content = protocol.contents.stamp(draft, { time: seconds });
  const envelope = { sender: id, receiver: ANYONE, time: seconds };
  const secure = await transceiver.encrypt({ envelope, content });
  if (isWaiting(secure)) expect.unreachable();
  return transceiver.sign(secure);
}

/** Forwards signed messages. */
async function show(world: World, from: Person, to: Person, ...wires: readonly JsonObject[]) {
  await from.messenger.send(Forward.create({ messages: wires }), to.id);
  await world.carry();
}

/** Names of what a person keeps of a group. */
async function keptBy(person: Person, { id }: { readonly id: ID }): Promise<number> {
  let count = 0;
  for await (const _ of groupOf(person, { id }).history()) count += 1;
  return count;
}

describe('what somebody says who may not', () => {
  test('a stranger changes nothing, and nothing of it is kept', async () => {
    const { world, anna, carl, eve, group } = await started();
    const options = { group: group.id };
    const before = await keptBy(anna, group);
    for (const draft of [
      Expel.create({ members: [carl.id], change: {} }, options),
      Invite.create({ members: [eve.id], change: {} }, options),
      Reset.create({ members: [anna.id, eve.id] }, options),
      Quit.create({}, options),
      Join.create({}, options),
    ]) {
      await show(world, eve, anna, (await signed(world, eve, draft)).wire);
    }
    expect(await keptBy(anna, group)).toBe(before);
    expect(await membersSeenBy(anna, group)).toEqual(['anna', 'ben', 'carl']);
  });

  test('a member changes nothing, and is seen to have tried', async () => {
    const { world, anna, ben, carl, group } = await started();
    const draft = Expel.create({ members: [ben.id], change: {} }, { group: group.id });
    await show(world, carl, anna, (await signed(world, carl, draft)).wire);
    expect(await membersSeenBy(anna, group)).toEqual(['anna', 'ben', 'carl']);
    const effects = [];
    for await (const { by, effect } of group.history()) effects.push([by, effect]);
    expect(effects).toContainEqual([carl.id.entity, 'void']);
  });

  test('an administrator removes neither the owner nor an administrator', async () => {
    const { world, anna, ben, carl, group } = await started();
    await group.appoint([carl.id]);
    await world.carry();
    const draft = Expel.create({ members: [anna.id, carl.id], change: {} }, { group: group.id });
    await show(world, ben, anna, (await signed(world, ben, draft)).wire);
    expect(await membersSeenBy(anna, group)).toEqual(['anna', 'ben', 'carl']);
    await expect(groupOf(ben, group).remove([carl.id])).rejects.toMatchObject({
      code: 'policy/unauthorized',
    });
  });

  test('a checkpoint and a bulletin of somebody else are neither', async () => {
    const { world, anna, ben, eve, group } = await started();
    const state = { floor: 0, folds: [], administrators: [], policy: {} };
    const forged = Reset.create({ members: [anna.id, eve.id], state }, { group: group.id });
    await show(world, ben, anna, (await signed(world, ben, forged)).wire);
    expect(await membersSeenBy(anna, group)).toEqual(['anna', 'ben', 'carl']);
    const bulletin = await signDocument(
      {
        did: group.id,
        type: 'bulletin',
        properties: { founder: eve.id.text, administrators: [eve.id.text] },
        now: world.time.now() / 1000 + 10,
      },
      await eve.facebook.requireSigner(eve.id),
    );
    const body = { did: group.id, documents: [bulletin.wire] };
    await eve.messenger.send(DocumentsCommand.create(body), anna.id);
    await world.carry();
    expect((await anna.facebook.administrators(group.id)).map(({ name }) => name)).toEqual(['ben']);
  });

  test('a copy with another signer, or a changed text, is refused', async () => {
    const { world, anna, ben, carl, group } = await started();
    const draft = Expel.create({ members: [carl.id], change: {} }, { group: group.id });
    const genuine = (await signed(world, carl, draft)).wire;
    await show(world, carl, anna, { ...genuine, sender: ben.id.text });
    const text = String(genuine['data']).replace('expel', 'invite');
    await show(world, carl, anna, { ...genuine, data: text });
    expect(await membersSeenBy(anna, group)).toEqual(['anna', 'ben', 'carl']);
    expect(await keptBy(anna, group)).toBe(2);
  });
});

describe('replays', () => {
  test('a removed member does not come back by an old invitation or an old checkpoint', async () => {
    const { world, anna, ben, carl, eve, group } = await started();
    await group.invite([eve.id]);
    await world.carry();
    const old: JsonObject[] = [];
    for await (const { message } of groupOf(eve, group).history()) old.push(message);
    await group.remove([eve.id]);
    await world.carry();
    await show(world, eve, ben, ...old);
    await show(world, eve, carl, ...old);
    await expectSame(group, anna, ben, carl);
    expect(await membersSeenBy(carl, group)).toEqual(['anna', 'ben', 'carl']);
    await world.live(25 * 60 * MINUTE, 60 * MINUTE);
    await show(world, eve, ben, ...old);
    expect(await membersSeenBy(ben, group)).toEqual(['anna', 'ben', 'carl']);
  });

  test('what a dismissed administrator kept back or dates back is void, also after they are appointed again', async () => {
    const { world, anna, ben, carl, eve, group } = await started();
    const draft = Invite.create({ members: [eve.id], change: {} }, { group: group.id });
    const keptBack = (await signed(world, ben, draft)).wire;
    await group.dismiss([ben.id]);
    await world.live(1000);
    await show(world, ben, carl, keptBack);
    expect(await membersSeenBy(carl, group)).not.toContain('eve');
    await group.appoint([ben.id]);
    await world.live(1000);
    const dated = await signed(world, ben, draft, world.time.now() / 1000 - 1800);
    await show(world, ben, anna, keptBack, dated.wire);
    expect(await membersSeenBy(anna, group)).not.toContain('eve');
    await groupOf(ben, group).invite([eve.id]);
    await world.carry();
    expect(await membersSeenBy(anna, group)).toContain('eve');
  });

  test('an entry of one group does nothing in another', async () => {
    const { world, anna, ben, carl, group } = await started();
    const other = await anna.groups.create('other', { members: [ben.id, carl.id] });
    await world.carry();
    const draft = Expel.create({ members: [carl.id], change: {} }, { group: other.id });
    const message = (await signed(world, anna, draft)).wire;
    // The envelope is not signed.
    await show(world, ben, carl, { ...message, group: group.id.text });
    expect(await membersSeenBy(carl, group)).toEqual(['anna', 'ben', 'carl']);
    await show(world, ben, carl, message);
    expect(await membersSeenBy(carl, other)).toEqual(['anna', 'ben']);
    expect(await membersSeenBy(carl, group)).toEqual(['anna', 'ben', 'carl']);
  });

  test('a time in the far future does not count', async () => {
    const { world, anna, ben, eve, group } = await started();
    const draft = Invite.create({ members: [eve.id], change: {} }, { group: group.id });
    const ahead = await signed(world, ben, draft, world.time.now() / 1000 + 3600);
    await show(world, ben, anna, ahead.wire);
    expect(await membersSeenBy(anna, group)).not.toContain('eve');
  });
});

describe('floods', () => {
  test('strangers cannot fill the store with groups', async () => {
    const { world, anna, eve } = await started();
    const wires: JsonObject[] = [];
    for (let at = 0; at < 30; at += 1) {
      const group = await eve.groups.create(`spam${at}`);
      const draft = Quit.create({}, { group: group.id });
      wires.push((await signed(world, eve, draft)).wire);
    }
    await show(world, eve, anna, ...wires);
    const { length } = await anna.groups.list();
    expect(length).toBeGreaterThan(10);
    expect(length).toBeLessThanOrEqual(17);
  });

  test('requests to join are kept only if the policy allows them, and not without end', async () => {
    const { world, anna, eve, group } = await started();
    await group.setPolicy({ join: 'request' });
    await world.carry();
    for (let at = 0; at < 2; at += 1) {
      const wires: JsonObject[] = [];
      for (let each = 0; each < 40; each += 1) {
        wires.push((await signed(world, eve, Join.create({}, { group: group.id }))).wire);
      }
      await show(world, eve, anna, ...wires);
    }
    expect((await group.state()).proposals.length).toBe(64);
  });
});

describe('what does not belong to others', () => {
  test('the members are told to members only', async () => {
    const { world, anna, eve, group } = await started();
    const before = eve.sent.length;
    await eve.messenger.send(GroupHistoryQuery.create({}, { group: group.id }), anna.id);
    await world.carry();
    expect(before).toBe(0);
    expect(await eve.facebook.members(group.id)).toEqual([]);
    expect(await eve.groups.list()).toEqual([]);
  });

  test('somebody who was removed is not heard, except for what they wrote before', async () => {
    const { world, anna, ben, carl, group } = await started();
    world.loses = ({ to }) => to.entity === carl.id.entity;
    await group.remove([carl.id]);
    await world.live(2000);
    // Carl does not know it yet.
    await carl.messenger.send(text('after the removal'), group.id);
    await world.carry();
    expect([...anna.shown, ...ben.shown]).toEqual([]);
    expect(anna.refused).toContain('policy/unauthorized');
  });

  test('what somebody wrote before their removal and was under way is shown', async () => {
    const { world, anna, carl, group } = await started();
    await carl.messenger.send(text('under way'), group.id);
    await world.rest();
    const packets = carl.sent.splice(0);
    await world.live(2000);
    await group.remove([carl.id]);
    await world.rest();
    for (const { bytes, to } of packets) {
      if (to.entity === anna.id.entity) await world.deliver(bytes, anna);
    }
    expect(anna.shown).toContain('under way');
  });

  test('nobody who was removed can open what is sent after it', async () => {
    const { world, anna, ben, carl, group } = await started();
    await group.remove([carl.id]);
    await world.rest();
    const sent: Uint8Array[] = [];
    world.loses = ({ from, bytes }) => {
      if (from === anna) sent.push(bytes);
      return false;
    };
    await world.carry();
    sent.length = 0;
    await anna.messenger.send(text('secret'), group.id);
    await world.carry();
    expect(ben.shown).toEqual(['secret']);
    expect(sent.length).toBeGreaterThan(0);
    for (const bytes of sent) {
      const message = protocol.parseMessage(bytes);
      if (message.envelope.receiver.entity === carl.id.entity) expect.unreachable();
      await carl.messenger.receivedPackage(bytes).catch(() => undefined);
    }
    expect(carl.shown).toEqual([]);
  });

  test('a founder who tells two stories is noticed, and the newer one counts for all', async () => {
    const { world, anna, ben, carl, group } = await started();
    const found: string[] = [];
    carl.groups.on('equivocation', (event) => found.push(event.group.text));
    const state = {
      floor: 0,
      folds: [],
      administrators: [],
      policy: {},
      previous: 'A'.repeat(22),
    };
    const story = (members: readonly ID[], later: number) =>
      signed(
        world,
        anna,
        Reset.create({ members, state }, { group: group.id }),
        world.time.now() / 1000 + later,
      );
    const one = (await story([anna.id, ben.id, carl.id], 1)).wire;
    const two = (await story([anna.id, carl.id], 2)).wire;
    await show(world, anna, carl, one);
    await show(world, anna, ben, two);
    await show(world, ben, carl, two);
    expect(found).toEqual([group.id.text]);
    expect(await membersSeenBy(carl, group)).toEqual(['anna', 'carl']);
  });
});
