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

test('an archive cannot hide the messages that come next, nor set lifetimes and limits that no user can set', async () => {
  const { world, moki, hulk, mokiChat, hulkChat } = await twoFriends();
  await mokiChat.send('first');
  await world.carry();
  const [head = '', chat = '', message = ''] = await linesOf(hulk.chats.archive());
  const { record, ...rest } = JSON.parse(chat);
  const future = 9_000_000_000_000;
  await hulkChat.clear();
  const changed = (members: object): string =>
    JSON.stringify({ ...rest, record: { ...record, ...members } });
  const late = JSON.parse(message);
  Object.assign(late.message, { ref: 'f'.repeat(22), stamp: future });
  const read = { stamp: future, ref: 'f'.repeat(22) };
  await hulk.chats.restore([head, changed({ read }), JSON.stringify(late)]);
  await world.live(16 * 60_000, 60_000);
  await mokiChat.send('second');
  await world.carry();
  expect(await hulkChat.summary.ready).toMatchObject({ unread: 1, last: { preview: 'second' } });
  for (const members of [
    { timer: { seconds: -1, time: 1, by: moki.id.entity } },
    { retention: { days: 0 } },
  ]) {
    const restoring = hulk.chats.restore([head, changed(members)]);
    await expect(restoring).rejects.toMatchObject({ code: 'format/field' });
  }
});
