import { expect, test } from 'vitest';
import { twoFriends } from './world.ts';

test('a message that was not finished comes again after a restart, and one that was does not', async () => {
  const { world, hulk, mokiChat } = await twoFriends();
  for (const text of ['a', 'b', 'c']) await mokiChat.send(text);
  await world.carry();
  const seen: string[] = [];
  for await (const { message } of hulk.chats.incoming()) {
    seen.push(message.text);
    if (seen.length === 2) break;
  }
  expect(seen).toEqual(['a', 'b']);
  await world.restart(hulk);
  const again: string[] = [];
  for await (const { message, conversation, notify } of hulk.chats.incoming()) {
    again.push(message.text);
    expect(conversation).toBe(
      (await mokiChat.message((await mokiChat.window().ready).items[0]?.ref ?? ''))?.sender,
    );
    expect(notify).toBe(true);
    if (again.length === 2) break;
  }
  expect(again).toEqual(['b', 'c']);
});

test('several iterations share the messages, and a signal ends one that waits', async () => {
  const { world, hulk, mokiChat } = await twoFriends();
  const stop = new AbortController();
  const seen: string[] = [];
  const run = async (): Promise<void> => {
    for await (const { message } of hulk.chats.incoming({ signal: stop.signal })) {
      seen.push(message.text);
    }
  };
  const running = [run(), run()];
  for (const text of ['a', 'b', 'c', 'd']) await mokiChat.send(text);
  await world.carry();
  await new Promise((resolve) => setTimeout(resolve, 20));
  stop.abort();
  await Promise.all(running);
  expect(seen.sort()).toEqual(['a', 'b', 'c', 'd']);
});

test('own messages and messages of muted conversations do not notify', async () => {
  const { world, hulk, mokiChat, hulkChat } = await twoFriends();
  await hulkChat.mute(Number.POSITIVE_INFINITY);
  await hulkChat.send('mine');
  await mokiChat.send('quiet');
  await world.carry();
  for await (const { message, notify } of hulk.chats.incoming()) {
    expect(message.text).toBe('quiet');
    expect(notify).toBe(false);
    break;
  }
});
