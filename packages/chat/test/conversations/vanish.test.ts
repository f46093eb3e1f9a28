import { Timer } from '@dimp/extensions/chat';
import { Text } from '@dimp/extensions/contents';
import { describe, expect, test } from 'vitest';
import { importTexts } from './import-texts.ts';
import { textsOf, twoFriends } from './world.ts';

const DAY = 86_400_000;

describe('messages that disappear', () => {
  test('live from sending for the sender, and from the first reading for the receiver', async () => {
    const { world, mokiChat, hulkChat } = await twoFriends();
    await mokiChat.setTimer(60);
    await mokiChat.send('gone soon');
    await world.carry();
    expect(await hulkChat.summary.ready).toMatchObject({ timer: 60 });
    await world.live(61_000);
    expect(await words(mokiChat)).toEqual([]);
    expect(await words(hulkChat)).toEqual(['gone soon']);
    await hulkChat.markRead();
    await world.live(59_000);
    expect(await words(hulkChat)).toEqual(['gone soon']);
    await world.live(2000);
    expect(await words(hulkChat)).toEqual([]);
    expect((await hulkChat.summary.ready).last?.kind).toBe('note');
  });

  test('leave nothing behind but their name, so that a copy does not bring them back', async () => {
    const { world, moki, hulk, mokiChat, hulkChat } = await twoFriends();
    await moki.messenger.send(Text.create({ text: 'secret', vanish: 5 }), hulk.id);
    await world.rest();
    const packet = moki.sent[0];
    await world.carry();
    await hulkChat.markRead();
    await world.live(8000);
    expect(await textsOf(hulkChat)).toEqual([]);
    if (packet === undefined) expect.unreachable();
    await world.deliver(packet.bytes, hulk);
    expect(await textsOf(hulkChat)).toEqual([]);
    for (const { durable } of [moki, hulk]) expect(await contains(durable, 'secret')).toBe(false);
    expect(await textsOf(mokiChat)).toEqual([]);
  });

  test('that are never read end 30 days after they came', async () => {
    const { world, moki, hulk, hulkChat } = await twoFriends();
    await moki.messenger.send(Text.create({ text: 'a', vanish: 60 }), hulk.id);
    await world.carry();
    await world.live(29 * DAY, DAY);
    expect(await textsOf(hulkChat)).toEqual(['a']);
    await world.live(2 * DAY, DAY);
    expect(await textsOf(hulkChat)).toEqual([]);
  });

  test('disappear at their time even if the program was not running then', async () => {
    const { world, moki, hulk } = await twoFriends();
    await moki.messenger.send(Text.create({ text: 'a', vanish: 60 }), hulk.id);
    await world.carry();
    const chat = await hulk.chats.open(moki.id.text);
    await chat.markRead();
    hulk.store.crash();
    await hulk.messenger.close();
    hulk.online = false;
    await world.live(120_000, 60_000);
    hulk.online = true;
    await world.restart(hulk);
    await world.live(1000);
    expect(await textsOf(await hulk.chats.open(moki.id.text))).toEqual([]);
  });

  test('a missed change of the timer does not change what happens to a message', async () => {
    const { world, moki, hulk, mokiChat, hulkChat } = await twoFriends();
    await mokiChat.setTimer(60);
    await world.rest();
    moki.sent.length = 0;
    world.loses = ({ to }) => to.entity === 'nobody';
    await moki.messenger.send(Text.create({ text: 'keeps its own', vanish: 5 }), hulk.id);
    await world.carry();
    await hulkChat.markRead();
    await world.live(7000);
    expect(await words(hulkChat)).toEqual([]);
  });

  test('the newest change of the timer counts, whatever order they come in', async () => {
    const { world, moki, hulk, hulkChat } = await twoFriends();
    const now = world.time.now() / 1000;
    await moki.messenger.send(Timer.create({ seconds: 60 }), hulk.id, { time: now + 5 });
    await moki.messenger.send(Timer.create({ seconds: 3600 }), hulk.id, { time: now + 1 });
    await world.carry();
    expect(await hulkChat.summary.ready).toMatchObject({ timer: 60 });
  });
});

describe('retention', () => {
  test('removes the oldest messages, and keeps starred ones', async () => {
    const { world, hulk, moki, hulkChat } = await twoFriends();
    const refs = await importTexts(hulk, moki, 300);
    await hulkChat.star(refs[10] as string, true);
    await hulkChat.setRetention({ messages: 100 });
    await world.live(2000);
    const texts = await textsOf(hulkChat);
    expect(texts).toHaveLength(100);
    expect(texts[0]).toBe('10');
    expect(texts[1]).toBe('201');
    await hulkChat.setRetention({ days: 1 });
    await world.live(3 * DAY, DAY);
    expect(await textsOf(hulkChat)).toEqual(['10']);
  });
});

describe('clearing', () => {
  test('hides all messages at once, and removes their records', async () => {
    const { world, hulk, moki, mokiChat, hulkChat } = await twoFriends();
    await importTexts(hulk, moki, 300);
    await mokiChat.send('secret');
    await world.carry();
    await hulkChat.clear();
    expect(await textsOf(hulkChat)).toEqual([]);
    expect(await hulkChat.summary.ready).toMatchObject({ unread: 0 });
    await world.live(2000);
    expect(await contains(hulk.durable, 'secret')).toBe(false);
    await mokiChat.send('new');
    await world.carry();
    expect(await textsOf(hulkChat)).toEqual(['new']);
    expect(await hulkChat.summary.ready).toMatchObject({ unread: 1 });
  });

  test('a crash between any two writes leaves nothing of a cleared conversation in the end', async () => {
    for (let afterWrites = 0; afterWrites < 6; afterWrites++) {
      const { world, hulk, moki } = await twoFriends();
      await importTexts(hulk, moki, 300);
      const chat = await hulk.chats.open(moki.id.text);
      await chat.clear();
      hulk.store.crash({ afterWrites });
      await world.live(1000);
      await world.restart(hulk);
      await world.live(2000);
      let left = 0;
      for await (const _ of hulk.durable.list(['msg', hulk.id.entity])) left += 1;
      expect(left).toBe(0);
    }
  });
});

/** The texts that people have written. */
async function words(chat: Parameters<typeof textsOf>[0]): Promise<string[]> {
  const texts: string[] = [];
  for await (const { kind, text } of chat.messages()) if (kind !== 'note') texts.push(text);
  return texts;
}

async function contains(store: import('@dimp/core').Store, word: string): Promise<boolean> {
  for await (const [[area], value] of store.list([])) {
    if (area === 'outbox' || area === 'outbox-copy') continue;
    if (new TextDecoder().decode(value).includes(word)) return true;
  }
  return false;
}
