import { expect, test } from 'vitest';
import { textsOf, twoFriends } from './world.ts';

test('an edit replaces the text on both sides, and keeps the earlier one', async () => {
  const { world, moki, hulk, mokiChat, hulkChat } = await twoFriends();
  const { ref } = await mokiChat.send('Dinner?');
  await world.carry();
  await mokiChat.edit(ref, 'Dinner at eight?');
  await world.carry();
  for (const chat of [mokiChat, hulkChat]) {
    expect(await textsOf(chat)).toEqual(['Dinner at eight?']);
    expect((await chat.message(ref))?.edits.map(({ text }) => text)).toEqual(['Dinner?']);
  }
  expect([...moki.failed, ...hulk.failed, ...moki.refused, ...hulk.refused]).toEqual([]);
});

test('the delivery of an edit does not change the state of the message', async () => {
  const { world, moki, mokiChat } = await twoFriends();
  const { ref } = await mokiChat.send('a');
  await world.live(3000);
  expect((await mokiChat.message(ref))?.state).toBe('received');
  moki.online = false;
  await mokiChat.edit(ref, 'b');
  await world.live(3000);
  expect(await mokiChat.message(ref)).toMatchObject({ state: 'received', text: 'b' });
});

test('a recall removes the text on both sides, for ever', async () => {
  const { world, hulk, mokiChat, hulkChat } = await twoFriends();
  const { ref } = await mokiChat.send('secret');
  await world.carry();
  await mokiChat.recall(ref);
  await world.carry();
  for (const chat of [mokiChat, hulkChat]) {
    expect(await chat.message(ref)).toMatchObject({ kind: 'recalled', text: '', content: {} });
  }
  expect(await hulkChat.summary.ready).toMatchObject({ unread: 0 });
  await expect(mokiChat.edit(ref, 'again')).rejects.toMatchObject({ code: 'policy/expired' });
  expect(JSON.stringify(await dump(hulk.durable))).not.toContain('secret');
});

test('only the author edits and recalls a message', async () => {
  const { world, mokiChat, hulkChat } = await twoFriends();
  const { ref } = await mokiChat.send('mine');
  await world.carry();
  await expect(hulkChat.edit(ref, 'no')).rejects.toMatchObject({ code: 'policy/unauthorized' });
  await expect(hulkChat.recall(ref)).rejects.toMatchObject({ code: 'policy/unauthorized' });
  expect(await textsOf(hulkChat)).toEqual(['mine']);
});

test('a reply quotes the message that is here, not what its sender claims', async () => {
  const { world, mokiChat, hulkChat } = await twoFriends();
  const { ref } = await mokiChat.send('Dinner?');
  await world.carry();
  const reply = await hulkChat.reply(ref, 'Yes');
  await world.carry();
  await mokiChat.edit(ref, 'Dinner at eight?');
  await world.carry();
  const shown = await mokiChat.message(reply.ref);
  expect(shown).toMatchObject({ text: 'Yes', kind: 'quote' });
  expect(shown?.replyTo).toMatchObject({ ref, text: 'Dinner at eight?', isHere: true });
});

async function dump(store: import('@dimp/core').Store): Promise<string[]> {
  const values: string[] = [];
  for await (const [key, value] of store.list([])) {
    if (key[0]?.startsWith('chat') || key[0]?.startsWith('msg'))
      values.push(new TextDecoder().decode(value));
  }
  return values;
}
