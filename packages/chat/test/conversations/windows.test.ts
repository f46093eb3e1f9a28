import { expect, test } from 'vitest';
import { importTexts } from './import-texts.ts';
import { befriend, twoFriends } from './world.ts';

test('a window follows new messages, and shows older ones on request', async () => {
  const { world, hulk, moki, mokiChat, hulkChat } = await twoFriends();
  await importTexts(hulk, moki, 300);
  const window = hulkChat.window({ size: 20 });
  const first = await window.ready;
  expect(first.items.map(({ text }) => text)).toEqual(numbers(280, 300));
  expect(first).toMatchObject({ hasOlder: true, hasNewer: false });
  await mokiChat.send('new');
  await world.carry();
  const second = await window.ready;
  expect(second.items.at(-1)?.text).toBe('new');
  // What has not changed is the same object.
  expect(second.items[5]).toBe(first.items[5]);
  await window.older(100);
  expect(window.current?.items.map(({ text }) => text)).toEqual([...numbers(180, 300), 'new']);
  await window.older(1000);
  expect(window.current).toMatchObject({ hasOlder: false });
  expect(window.current?.items).toHaveLength(301);
});

test('a window jumps to a message, a time and the first unread one, and moves on from there', async () => {
  const { hulk, moki, hulkChat } = await twoFriends();
  const refs = await importTexts(hulk, moki, 300);
  await hulkChat.markRead(refs[99]);
  const window = hulkChat.window({ at: 'unread', size: 10 });
  const shown = await window.ready;
  expect(shown.firstUnread).toBe(refs[100]);
  expect(shown.items.map(({ text }) => text)).toEqual(numbers(95, 105));
  expect(shown).toMatchObject({ hasOlder: true, hasNewer: true });
  await window.newer(5);
  expect(window.current?.items.map(({ text }) => text)).toEqual(numbers(95, 110));
  await window.jump({ ref: refs[200] as string });
  expect(window.current?.items.map(({ text }) => text)).toEqual(numbers(195, 205));
  const time = (await hulkChat.message(refs[50] as string))?.time ?? 0;
  await window.jump({ time });
  expect(window.current?.items.map(({ text }) => text)).toEqual(numbers(45, 55));
  await window.jump('newest');
  expect(window.current?.items.map(({ text }) => text)).toEqual(numbers(290, 300));
  expect(window.current?.hasNewer).toBe(false);
});

test('a window never grows above 1,000 messages', async () => {
  const { hulk, moki, hulkChat } = await twoFriends();
  await importTexts(hulk, moki, 1200);
  const window = hulkChat.window({ size: 10 });
  await window.ready;
  await window.older(1150);
  expect(window.current?.items).toHaveLength(1000);
  expect(window.current).toMatchObject({ hasNewer: true, hasOlder: true });
  expect(window.current?.items[0]?.text).toBe('40');
});

test('a window shows an edit and a recall where the message is, and patches name what has changed', async () => {
  const { world, mokiChat, hulkChat } = await twoFriends();
  const { ref } = await mokiChat.send('a');
  await mokiChat.send('b');
  await world.carry();
  const window = hulkChat.window();
  await window.ready;
  const changes: unknown[] = [];
  const stop = window.subscribe((_, change) => changes.push(change));
  await mokiChat.edit(ref, 'A');
  await world.carry();
  expect((await window.ready).items.map(({ text }) => text)).toEqual(['A', 'b']);
  expect(changes.at(-1)).toEqual({ kind: 'patch', inserted: [], updated: [ref], removed: [] });
  await hulkChat.remove([ref]);
  expect((await window.ready).items.map(({ text }) => text)).toEqual(['b']);
  expect(changes.at(-1)).toEqual({ kind: 'patch', inserted: [], updated: [], removed: [ref] });
  stop();
});

test('a conversation without messages has an empty window that follows the first one', async () => {
  const { world, moki, mokiChat, hulkChat, hulk } = await twoFriends();
  await befriend(moki, hulk);
  const window = hulkChat.window();
  expect(await window.ready).toEqual({ items: [], hasOlder: false, hasNewer: false });
  await mokiChat.send('first');
  await world.carry();
  expect((await window.ready).items.map(({ text }) => text)).toEqual(['first']);
});

function numbers(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, at) => String(from + at));
}
