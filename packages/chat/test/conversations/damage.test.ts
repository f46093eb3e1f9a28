import type { Store, StoreKey } from '@dimp/core';
import { refOf } from '@dimp/extensions/chat';
import { Text } from '@dimp/extensions/contents';
import { utf8Encode } from '@dimp/foundation';
import { describe, expect, test } from 'vitest';
import { importTexts } from './import-texts.ts';
import { textsOf, twoFriends } from './world.ts';

/** Damages all records below a path. @returns how many */
async function damage(store: Store, prefix: StoreKey): Promise<number> {
  const keys: StoreKey[] = [];
  for await (const [key] of store.list(prefix)) keys.push(key);
  for (const key of keys) await store.set(key, utf8Encode('{'));
  return keys.length;
}

describe('a damaged record does not keep messages from being taken in:', () => {
  test('where a message is', async () => {
    const { world, moki, hulk, hulkChat } = await twoFriends();
    const time = world.time.now() / 1000;
    const ref = refOf({ sender: moki.id, sn: 7, time });
    const path = ['msg-at', hulk.id.entity, moki.id.entity, ref.slice(0, 2), ref];
    await hulk.durable.set(path, utf8Encode('{'));
    await world.forgeWire(moki, { type: 1, sn: 7, time, text: 'here' }, hulk);
    expect(await textsOf(hulkChat)).toEqual(['here']);
    expect(await hulkChat.message(ref)).toMatchObject({ text: 'here' });
  });

  test('annotations that wait', async () => {
    const { world, moki, hulk, hulkChat } = await twoFriends();
    const time = world.time.now() / 1000;
    const ref = refOf({ sender: moki.id, sn: 7, time });
    const target = { sender: moki.id.text, sn: 7, time, ref };
    const reaction = { type: 204, app: 'dimp.chat', mod: 'reaction', act: 'set', text: '👍' };
    await world.forgeWire(moki, { ...reaction, sn: 8, time, target, emojis: ['👍'] }, hulk);
    expect(await damage(hulk.durable, ['pending'])).toBe(1);
    await world.forgeWire(moki, { type: 1, sn: 7, time, text: 'here' }, hulk);
    expect(await textsOf(hulkChat)).toEqual(['here']);
    await world.live(11 * 60_000, 60_000);
    expect(await hulkChat.message(ref)).toMatchObject({ text: 'here' });
  });

  test('the list of pages, when a recall makes unread messages be counted again', async () => {
    const { world, moki, hulk, mokiChat, hulkChat } = await twoFriends();
    const { ref } = await mokiChat.send('taken back');
    await mokiChat.send('stays');
    await world.carry();
    expect(await damage(hulk.durable, ['chat-pages'])).toBe(1);
    await mokiChat.recall(ref);
    await world.carry();
    expect(await hulkChat.message(ref)).toMatchObject({ kind: 'recalled' });
    expect(await hulkChat.summary.ready).toMatchObject({ unread: 1 });
    expect(moki.failed).toEqual([]);
  });
});

test('the user can write in a conversation whose record is damaged', async () => {
  const { world, hulk, hulkChat } = await twoFriends();
  await hulkChat.send('before');
  await world.carry();
  expect(await damage(hulk.durable, ['chat'])).toBe(1);
  await hulkChat.send('after');
  expect((await textsOf(hulkChat)).sort()).toEqual(['after', 'before']);
});

describe('a damaged record does not end the work of jobs:', () => {
  test('messages disappear although the end of another one is damaged', async () => {
    const { world, moki, hulk, hulkChat } = await twoFriends();
    for (const text of ['a', 'b'])
      await moki.messenger.send(Text.create({ text, vanish: 5 }), hulk.id);
    await world.carry();
    await hulkChat.markRead();
    await world.rest();
    for await (const [key] of hulk.durable.list(['vanish'])) {
      await hulk.durable.set(key, utf8Encode('{'));
      break;
    }
    await world.live(12 * 60_000, 60_000);
    expect(await textsOf(hulkChat)).toEqual([]);
    let left = 0;
    for await (const _ of hulk.durable.list(['vanish'])) left += 1;
    expect(left).toBe(0);
  });

  test('a conversation with a damaged list of pages can be cleared', async () => {
    const { hulk, hulkChat, moki } = await twoFriends();
    await importTexts(hulk, moki, 2);
    expect(await damage(hulk.durable, ['chat-pages'])).toBe(1);
    await hulkChat.clear();
    expect(await textsOf(hulkChat)).toEqual([]);
  });

  test('old messages are removed although a job and an unsettled delivery are damaged', async () => {
    const { world, hulk, hulkChat, mokiChat } = await twoFriends();
    await mokiChat.send('old');
    await world.carry();
    const user = hulk.id.entity;
    await hulk.durable.set(['chat-job', user, 'clear 1 x'], utf8Encode('{'));
    await hulk.durable.set(['chat-job', user, 'reread'], utf8Encode('{'));
    await hulk.durable.set(['msg-open', user, user, 'x'.repeat(22)], utf8Encode('{'));
    await hulkChat.setRetention({ days: 1 });
    await world.live(2 * 86_400_000, 3_600_000);
    expect(await textsOf(hulkChat)).toEqual([]);
    await world.restart(hulk);
    expect(hulk.failed).toEqual([]);
  });
});
