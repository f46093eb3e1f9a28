import { Image } from '@dimp/extensions/contents';
import { expect, test } from 'vitest';
import { textsOf, twoFriends } from './world.ts';

test('an ordinary message is one batch with four records of the history', async () => {
  const { world, hulk, mokiChat } = await twoFriends();
  await mokiChat.send('first');
  await world.carry();
  const batches: string[][] = [];
  const batch = hulk.durable.batch.bind(hulk.durable);
  hulk.durable.batch = (changes) => {
    batches.push(changes.map(({ key: [area = ''] }) => area));
    return batch(changes);
  };
  await mokiChat.send('second');
  await world.carry();
  const [arrival] = batches.filter((areas) => areas.includes('msg'));
  const ours = (areas: readonly string[]) =>
    areas.filter((area) => area.startsWith('chat') || area.startsWith('msg')).sort();
  expect(ours(arrival ?? [])).toEqual(['chat', 'chat-log', 'msg', 'msg-at']);
  expect(arrival).toContain('seen');
  expect(batches.filter((areas) => ours(areas).length > 0)).toHaveLength(1);
});

test('the bytes of a file inside a message are kept apart from its page, and removed with it', async () => {
  const { world, hulk, mokiChat, hulkChat } = await twoFriends();
  const data = new Uint8Array(5000).fill(7);
  const { ref } = await mokiChat.send(Image.create({ data, filename: 'a.png' }));
  await world.carry();
  const shown = await hulkChat.message(ref);
  expect(shown).toMatchObject({ kind: 'image', attachments: [{ name: 'a.png', state: 'here' }] });
  expect(shown?.content['data']).toBeUndefined();
  const blob = await hulkChat.attachment(ref);
  expect(new Uint8Array(await blob.arrayBuffer())).toEqual(data);
  const forwarded = await hulkChat.forward(ref, hulk.id.text);
  const notes = await hulk.chats.open(hulk.id.text);
  expect((await notes.attachment(forwarded.ref)).size).toBe(5000);
  await hulkChat.remove([ref]);
  let left = 0;
  for await (const [[, , id]] of hulk.durable.list(['msg-data', hulk.id.entity])) {
    if (id !== hulk.id.entity) left += 1;
  }
  expect(left).toBe(0);
});

test('files of removed and recalled messages are forgotten', async () => {
  const forgotten: string[] = [];
  const { world, mokiChat, hulkChat } = await twoFriends({
    hulk: {
      chats: {
        attachments: () => ({
          read: async () => new Blob([]),
          forget: async ({ ref }) => {
            forgotten.push(ref);
          },
        }),
      },
    },
  });
  const first = await mokiChat.send(Image.create({ URL: 'https://files.example/a' }));
  const second = await mokiChat.send(Image.create({ URL: 'https://files.example/b' }));
  const third = await mokiChat.send(Image.create({ URL: 'https://files.example/c' }));
  await world.carry();
  await hulkChat.remove([first.ref]);
  await mokiChat.recall(second.ref);
  await world.carry();
  expect(forgotten).toEqual([first.ref, second.ref]);
  await hulkChat.clear();
  await world.live(1000);
  expect(forgotten.sort()).toEqual([first.ref, second.ref, second.ref, third.ref].sort());
  expect(await textsOf(hulkChat)).toEqual([]);
});
