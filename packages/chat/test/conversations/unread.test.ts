import { describe, expect, test } from 'vitest';
import { befriend, textsOf, twoFriends } from './world.ts';

describe('unread', () => {
  test('counts the messages of others behind the read mark, and nothing else', async () => {
    const { world, mokiChat, hulkChat, hulk } = await twoFriends();
    for (const text of ['a', 'b', 'c']) await mokiChat.send(text);
    await world.carry();
    await hulkChat.send('mine');
    expect(await hulkChat.summary.ready).toMatchObject({ unread: 3 });
    expect(await hulk.chats.unread.ready).toEqual({
      messages: 3,
      conversations: 1,
      mentions: 0,
      requests: 0,
    });
    const [, second] = (await hulkChat.window().ready).items;
    await hulkChat.markRead(second?.ref);
    expect(await hulkChat.summary.ready).toMatchObject({ unread: 1 });
    await hulkChat.markRead();
    expect(await hulkChat.summary.ready).toMatchObject({ unread: 0 });
    await hulkChat.markRead(second?.ref);
    expect(await hulkChat.summary.ready).toMatchObject({ unread: 0 });
  });

  test('a muted or archived conversation does not count in the sum', async () => {
    const { world, mokiChat, hulkChat, hulk } = await twoFriends();
    await mokiChat.send('a');
    await world.carry();
    await hulkChat.mute(Number.POSITIVE_INFINITY);
    expect(await hulk.chats.unread.ready).toMatchObject({ messages: 0, conversations: 0 });
    expect(await hulkChat.summary.ready).toMatchObject({
      unread: 1,
      mutedUntil: Number.POSITIVE_INFINITY,
    });
    await hulkChat.mute(undefined);
    expect(await hulk.chats.unread.ready).toMatchObject({ messages: 1 });
  });

  test('a new message takes a conversation out of the archive, unless it is muted', async () => {
    const { world, mokiChat, hulkChat, hulk } = await twoFriends();
    await mokiChat.send('a');
    await world.carry();
    await hulkChat.archive(true);
    expect(await hulk.chats.list().ready).toEqual([]);
    expect(await hulk.chats.list({ archived: true }).ready).toHaveLength(1);
    await mokiChat.send('b');
    await world.carry();
    expect(await hulk.chats.list().ready).toHaveLength(1);
    await hulkChat.archive(true);
    await hulkChat.mute(world.time.now() + 3_600_000);
    await mokiChat.send('c');
    await world.carry();
    expect(await hulk.chats.list().ready).toEqual([]);
  });

  test('a message with a time before the read mark is told apart as missed', async () => {
    const { world, moki, mokiChat, hulkChat, hulk } = await twoFriends();
    await mokiChat.send('late');
    await world.rest();
    const [packet] = moki.sent.splice(0);
    if (packet === undefined) expect.unreachable();
    world.loses = () => true;
    await world.live(60_000, 60_000);
    await hulkChat.send('mine');
    await hulkChat.markRead();
    await world.deliver(packet.bytes, hulk);
    expect(await textsOf(hulkChat)).toEqual(['late', 'mine']);
    expect(await hulkChat.summary.ready).toMatchObject({ unread: 0, missed: 1 });
    await hulk.chats.open(moki.id.text);
    expect(await hulkChat.summary.ready).toMatchObject({ missed: 0 });
  });

  test('the user can mark a conversation as unread', async () => {
    const { world, mokiChat, hulkChat, hulk } = await twoFriends();
    await mokiChat.send('a');
    await world.carry();
    await hulkChat.markRead();
    await hulkChat.markUnread();
    expect(await hulkChat.summary.ready).toMatchObject({ unread: 0, markedUnread: true });
    expect(await hulk.chats.unread.ready).toMatchObject({ messages: 0, conversations: 1 });
    await hulkChat.markRead();
    expect(await hulkChat.summary.ready).toMatchObject({ markedUnread: false });
  });
});

describe('the list of conversations', () => {
  test('has pinned conversations first, then those with the newest messages', async () => {
    const { world, moki, hulk, mokiChat } = await twoFriends();
    const names = async (): Promise<string[]> =>
      (await moki.chats.list().ready).map(({ name }) => name);
    const thor = await world.join('thor');
    await befriend(moki, thor);
    const thorChat = await moki.chats.open(thor.id.text);
    await mokiChat.send('first');
    await world.live(10, 10);
    await thorChat.send('second');
    expect(await names()).toEqual(['thor', 'hulk']);
    await mokiChat.pin(true);
    expect(await names()).toEqual(['hulk', 'thor']);
    await mokiChat.pin(false);
    expect(await names()).toEqual(['thor', 'hulk']);
    expect((await moki.chats.list({ named: 'HUL' }).ready).map(({ id }) => id)).toEqual([
      hulk.id.entity,
    ]);
  });

  test("shows the user's own name for a contact as soon as it changes", async () => {
    const { world, moki, hulk, mokiChat } = await twoFriends();
    await mokiChat.send('a');
    await world.carry();
    const list = moki.chats.list();
    expect((await list.ready)[0]?.name).toBe('hulk');
    await moki.facebook.addContact(moki.id, hulk.id, { remark: 'Bruce' });
    expect((await list.ready)[0]?.name).toBe('Bruce');
    expect((await mokiChat.summary.ready).name).toBe('Bruce');
  });

  test('keeps drafts, which disappear with the message that they answer', async () => {
    const { world, mokiChat, hulkChat } = await twoFriends();
    const { ref } = await mokiChat.send('a');
    await world.carry();
    await hulkChat.setDraft({ text: 'hm', replyTo: ref });
    expect(await hulkChat.summary.ready).toMatchObject({ draft: { text: 'hm', replyTo: ref } });
    await hulkChat.remove([ref]);
    expect((await hulkChat.summary.ready).draft).toBeUndefined();
  });
});
