import { expect, test } from 'vitest';
import { textsOf, twoFriends } from './world.ts';

test('a message that is sent and its record are written both or not at all', async () => {
  for (const unacknowledged of [false, true]) {
    for (let afterWrites = 0; afterWrites < 3; afterWrites++) {
      const { world, moki, hulk, mokiChat } = await twoFriends();
      moki.store.crash({ afterWrites, unacknowledged });
      await mokiChat.send('a').catch(() => undefined);
      await world.restart(moki);
      const chat = await moki.chats.open(hulk.id.text);
      await world.live(5000);
      const deliveries = await moki.messenger.deliveries();
      const hulkChat = await hulk.chats.open(moki.id.text);
      const here = await textsOf(chat);
      expect(await textsOf(hulkChat)).toEqual(here);
      expect(deliveries).toEqual([]);
      if (here.length > 0) {
        const [shown] = (await chat.window().ready).items;
        expect(shown?.state).toBe('received');
      }
    }
  }
});

test('an incoming message is in the conversation once, wherever the program is killed', async () => {
  for (const unacknowledged of [false, true]) {
    for (let afterWrites = 0; afterWrites < 4; afterWrites++) {
      const { world, moki, hulk, mokiChat } = await twoFriends();
      hulk.store.crash({ afterWrites, unacknowledged });
      for (const text of ['a', 'b']) await mokiChat.send(text);
      await world.rest();
      const packets = moki.sent.splice(0);
      for (const { bytes } of packets) await world.deliver(bytes, hulk).catch(() => undefined);
      await world.restart(hulk);
      for (const { bytes } of packets) await world.deliver(bytes, hulk);
      const chat = await hulk.chats.open(moki.id.text);
      expect(await textsOf(chat)).toEqual(['a', 'b']);
      expect(await chat.summary.ready).toMatchObject({ unread: 2 });
      const seen: string[] = [];
      for await (const { message } of hulk.chats.incoming()) {
        seen.push(message.text);
        if (message.text === 'b') break;
      }
      expect(seen).toEqual(['a', 'b']);
    }
  }
});

test('a message that is in neither the outbox nor on its way any more became failed', async () => {
  const { world, moki, hulk, mokiChat } = await twoFriends();
  hulk.online = false;
  moki.online = false;
  const { ref } = await mokiChat.send('a');
  await world.rest();
  const [delivery] = await moki.messenger.deliveries();
  if (delivery === undefined) expect.unreachable();
  // Another program of this store has taken it back while this one was not running.
  moki.store.crash();
  await moki.messenger.close();
  await moki.durable.delete(['outbox', delivery.id]);
  await world.restart(moki);
  await world.live(2000);
  const chat = await moki.chats.open(hulk.id.text);
  expect(await chat.message(ref)).toMatchObject({ state: 'failed', error: 'state/stopped' });
});

test('states are written at most once a second, and the last one at the end', async () => {
  const { world, moki, hulk, mokiChat } = await twoFriends();
  const refs: string[] = [];
  for (let i = 0; i < 20; i++) refs.push((await mokiChat.send(String(i))).ref);
  const writes = countWrites(moki.durable, moki.id.entity, hulk.id.entity);
  await world.carry();
  expect(writes()).toBeLessThanOrEqual(2);
  await world.restart(moki, {}, false);
  const chat = await moki.chats.open(hulk.id.text);
  for (const ref of refs) expect(await chat.message(ref)).toMatchObject({ state: 'received' });
});

test('a failed message can be sent again', async () => {
  const { world, moki, mokiChat, hulkChat } = await twoFriends();
  moki.online = false;
  const { ref } = await mokiChat.send('a');
  await world.live(9 * 86_400_000, 3_600_000);
  const shown = await mokiChat.message(ref);
  moki.online = true;
  if (shown?.state === 'failed') await mokiChat.retry(ref);
  await world.live(60_000);
  expect((await mokiChat.message(ref))?.state).not.toBe('queued');
  expect(await textsOf(hulkChat)).toBeDefined();
});

/** Counts the writes of the summary of a conversation. */
function countWrites(store: import('@dimp/core').Store, user: string, peer: string): () => number {
  let count = 0;
  const batch = store.batch.bind(store);
  store.batch = (changes) => {
    if (changes.some(({ key }) => key[0] === 'msg' && key[1] === user && key[2] === peer))
      count += 1;
    return batch(changes);
  };
  return () => count;
}
