import { memoryStore } from '@dimp/core/memory';
import { expect, test } from 'vitest';
import { importTexts } from './import-texts.ts';
import { textsOf, twoFriends, World } from './world.ts';

async function linesOf(lines: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

test('an archive brings conversations to another device, and may be read twice', async () => {
  const { world, moki, hulk, mokiChat, hulkChat } = await twoFriends();
  await importTexts(hulk, moki, 200);
  const { ref } = await mokiChat.send('Dinner?');
  await world.carry();
  await hulkChat.react(ref, ['👍']);
  await mokiChat.edit(ref, 'Dinner at eight?');
  await hulkChat.send('yes');
  await world.live(2000);
  await hulkChat.markRead(ref);
  await hulkChat.pin(true);
  const lines = await linesOf(hulk.chats.archive());
  expect(lines.every((line) => !line.includes('\n'))).toBe(true);

  const other = new World();
  const second = await other.join('hulk', { store: memoryStore() });
  expect(await second.chats.restore(lines)).toBe(202);
  const chat = await second.chats.open(moki.id.text);
  expect(await textsOf(chat)).toEqual(await textsOf(hulkChat));
  expect(await chat.message(ref)).toMatchObject({
    text: 'Dinner at eight?',
    reactions: [{ emoji: '👍', mine: true }],
  });
  const summary = await hulkChat.summary.ready;
  expect(await chat.summary.ready).toMatchObject({ unread: summary.unread, pinned: true });
  expect(await second.chats.restore(lines)).toBe(0);
  await chat.remove([ref]);
  expect(await second.chats.restore(lines)).toBe(0);
  expect(await textsOf(chat)).not.toContain('Dinner at eight?');
});

test('an archive of another user, of another format, and a damaged line are refused', async () => {
  const { moki, hulk, mokiChat } = await twoFriends();
  await mokiChat.send('a');
  const lines = await linesOf(moki.chats.archive());
  const refused = { code: 'format/field' };
  await expect(hulk.chats.restore(lines)).rejects.toMatchObject(refused);
  await expect(moki.chats.restore(['{"format":"other"}'])).rejects.toMatchObject(refused);
  const [head = ''] = lines;
  await expect(moki.chats.restore([head, 'x'])).rejects.toMatchObject({ code: 'format/json' });
  const bad = `{"in":"${hulk.id.text}","message":{"ref":"../x"}}`;
  await expect(moki.chats.restore([head, bad])).rejects.toMatchObject(refused);
});

test('an archive of chosen conversations has no others', async () => {
  const { moki, hulk, mokiChat } = await twoFriends();
  const notes = await moki.chats.open(moki.id.text);
  await notes.send('note to self');
  await mokiChat.send('to hulk');
  const lines = await linesOf(moki.chats.archive({ conversations: [hulk.id.text] }));
  expect(lines.join()).toContain('to hulk');
  expect(lines.join()).not.toContain('note to self');
});
