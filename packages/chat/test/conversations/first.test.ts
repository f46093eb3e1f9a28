import { expect, test } from 'vitest';
import { textsOf, twoFriends } from './world.ts';

test('a text is in both conversations, and its state follows the delivery', async () => {
  const { world, moki, hulk, mokiChat, hulkChat } = await twoFriends();
  const { ref } = await mokiChat.send('Hello');
  expect(await textsOf(mokiChat)).toEqual(['Hello']);
  await world.carry();
  expect(await textsOf(hulkChat)).toEqual(['Hello']);
  await world.live(2000);
  expect(await mokiChat.message(ref)).toMatchObject({ state: 'received', mine: true });
  expect(await hulkChat.summary.ready).toMatchObject({ unread: 1, last: { preview: 'Hello' } });
  expect([...moki.failed, ...hulk.failed, ...moki.refused, ...hulk.refused]).toEqual([]);
});
