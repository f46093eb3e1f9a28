import { Moderation, Pin, Recall } from '@dimp/extensions/chat';
import { Text } from '@dimp/extensions/contents';
import { describe, expect, test } from 'vitest';
import { groupOf, must } from './group-world.ts';
import { acquaint, textsOf } from './world.ts';

const NAMES = ['moki', 'hulk', 'thor'] as const;

/** Three people in a group: its owner, and two members. */
async function three(options: Parameters<typeof groupOf>[1] = {}) {
  const { world, people, chats, group } = await groupOf(NAMES, options);
  const [owner, first, second] = [must(chats[0]), must(chats[1]), must(chats[2])];
  return {
    world,
    people,
    chats,
    group,
    owner,
    first,
    second,
    hulk: must(people[1]),
    moki: must(people[0]),
  };
}

describe('in a group', () => {
  test('a message has one name for all members, and its state is that of the slowest copy', async () => {
    const { world, people, first, chats } = await three();
    must(people[2]).online = false;
    const { ref } = await first.send('hi');
    await world.live(2000);
    expect(await first.message(ref)).toMatchObject({ state: 'sent' });
    must(people[2]).online = true;
    await world.live(60_000);
    for (const chat of chats) expect((await chat.message(ref))?.text).toBe('hi');
    expect(await first.message(ref)).toMatchObject({ state: 'received' });
  });

  test('reactions and edits reach all members', async () => {
    const { world, first, second, owner } = await three();
    const { ref } = await first.send('hi');
    await world.carry();
    await second.react(ref, ['👍']);
    await first.edit(ref, 'hello');
    await world.carry();
    for (const chat of [owner, first, second]) {
      expect(await chat.message(ref)).toMatchObject({
        text: 'hello',
        reactions: [{ emoji: '👍', count: 1 }],
      });
    }
  });

  test('only the owner and administrators remove the messages of others', async () => {
    const { world, hulk, moki, first, second, owner, group } = await three();
    const { ref } = await second.send('bad');
    const mine = await owner.send('good');
    await world.carry();
    await expect(first.moderate(ref)).rejects.toMatchObject({ code: 'policy/unauthorized' });
    // A program that does not ask may send it all the same.
    const shown = must(await first.message(mine.ref));
    const target = {
      sender: hulk.facebook.protocol.parseID(shown.sender),
      sn: Number(shown.content['sn']),
      time: shown.time / 1000,
      ref: mine.ref,
    };
    await expect(hulk.messenger.send(Moderation.create({ target }), group)).rejects.toMatchObject({
      code: 'policy/unauthorized',
    });
    await world.forge(hulk, { ...Moderation.create({ target }), group }, moki);
    expect(moki.refused).toContain('policy/unauthorized');
    expect(await textsOf(owner)).toContain('good');
    await owner.moderate(ref, { reason: 'rude' });
    await world.carry();
    for (const chat of [owner, first, second]) {
      expect(await chat.message(ref)).toMatchObject({
        kind: 'recalled',
        text: '',
        recalled: { reason: 'rude' },
      });
    }
  });

  test('only the owner and administrators pin messages and set the timer', async () => {
    const { world, people, first, second, owner, hulk, moki, group } = await three({
      administrators: [2],
    });
    const { ref } = await first.send('a');
    await world.carry();
    await expect(first.pinMessage(ref, true)).rejects.toMatchObject({
      code: 'policy/unauthorized',
    });
    await expect(first.setTimer(60)).rejects.toMatchObject({ code: 'policy/unauthorized' });
    const shown = must(await first.message(ref));
    const target = {
      sender: hulk.id,
      sn: Number(shown.content['sn']),
      time: shown.time / 1000,
      ref,
    };
    await world.forge(hulk, { ...Pin.create({ target, on: true }), group }, moki);
    expect(moki.refused).toContain('policy/unauthorized');
    expect(await owner.pinned.ready).toEqual([]);
    await second.pinMessage(ref, true);
    await second.setTimer(60);
    await world.carry();
    expect((await owner.pinned.ready).map(({ text }) => text)).toEqual(['a']);
    expect(await owner.summary.ready).toMatchObject({ timer: 60 });
    expect(people).toHaveLength(3);
  });

  test('a mention counts if it names the user, by the rules of new and of deployed clients', async () => {
    const { world, people, first, owner, moki } = await three();
    const did = moki.id.text;
    await first.send('hello moki!', { mentions: [{ id: did, at: 6, length: 4 }] });
    await first.send('and @moki');
    await first.send('@moki again');
    await first.send('@all look');
    await first.send('no @mokix here');
    await first.send('outside', { mentions: [{ id: did, at: 5, length: 40 }] });
    await world.carry();
    const mentioned: string[] = [];
    for await (const { text, mentionsMe } of owner.messages()) if (mentionsMe) mentioned.push(text);
    expect(mentioned).toEqual(['hello moki!', 'and @moki', '@moki again', '@all look']);
    expect(await owner.summary.ready).toMatchObject({ unread: 6, mentions: 4 });
    expect(must(people[0])).toBe(moki);
  });

  test('read marks go to the authors of the messages, and tell them who has read', async () => {
    const { world, first, second, owner, hulk, people } = await three();
    const { ref } = await first.send('a');
    await world.carry();
    await second.markRead();
    await world.live(3000);
    expect(await first.message(ref)).toMatchObject({ readBy: [must(people[2]).id.entity] });
    expect((await first.message(ref))?.state).not.toBe('read');
    await owner.markRead();
    await world.live(3000);
    expect(await first.message(ref)).toMatchObject({ state: 'read' });
    expect(hulk.failed).toEqual([]);
  });

  test('a recall in one conversation does not touch a message of another one', async () => {
    const { world, people, hulk, moki, first, owner, group } = await three();
    const personal = await hulk.chats.open(moki.id.text);
    const { ref } = await personal.send('for moki');
    await world.carry();
    const shown = must(await personal.message(ref));
    const sn = Number(shown.content['sn']);
    const origin = { type: '1', sn, time: shown.time / 1000, ref };
    await world.forge(hulk, { ...Recall.create({ text: 'x', origin }), group }, moki);
    const mokiChat = await moki.chats.open(hulk.id.text);
    expect(await textsOf(mokiChat)).toEqual(['for moki']);
    expect(await textsOf(owner)).toEqual([]);
    expect(await textsOf(first)).toEqual([]);
    expect(people).toHaveLength(3);
  });

  test('somebody who is no member is not heard', async () => {
    const { world, group, owner } = await three();
    const loki = await world.join('loki');
    await acquaint(loki, ...world.people.filter((each) => each !== loki));
    await loki.messenger.send(
      { ...Text.create({ text: 'me too' }), group },
      must(world.people[0]).id,
    );
    await world.carry();
    expect(await textsOf(owner)).toEqual([]);
  });
});

test('a group of strangers is an invitation until the user accepts it', async () => {
  const { world, people, chats, group } = await groupOf(['moki', 'hulk']);
  const [moki, hulk] = [must(people[0]), must(people[1])];
  await hulk.facebook.removeContact(hulk.id, moki.id);
  await must(chats[0]).send('join us');
  await world.carry();
  expect(await must(chats[1]).summary.ready).toMatchObject({ request: 'invited', kind: 'group' });
  expect(await hulk.chats.list().ready).toEqual([]);
  await must(chats[1]).accept();
  expect((await hulk.chats.list().ready).map(({ id }) => id)).toEqual([group.entity]);
});
