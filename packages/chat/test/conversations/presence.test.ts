import { ReadMark } from '@dimp/extensions/chat';
import { describe, expect, test } from 'vitest';
import { twoFriends } from './world.ts';

describe('read marks', () => {
  test('go out 2 s after reading, at most one in 10 s, and make messages read', async () => {
    const { world, hulk, mokiChat, hulkChat } = await twoFriends();
    const { ref } = await mokiChat.send('a');
    await world.carry();
    await hulkChat.markRead();
    await world.live(1500, 100);
    expect((await mokiChat.message(ref))?.state).toBe('received');
    await world.live(1500, 100);
    expect(await mokiChat.message(ref)).toMatchObject({ state: 'read', readBy: [hulk.id.entity] });
    expect((await mokiChat.summary.ready).last?.state).toBe('read');
    const second = await mokiChat.send('b');
    await world.carry();
    await hulkChat.markRead();
    await world.live(5000, 100);
    expect((await mokiChat.message(second.ref))?.state).toBe('received');
    await world.live(6000, 100);
    expect((await mokiChat.message(second.ref))?.state).toBe('read');
  });

  test('are not sent, and not shown, by a user who wants none', async () => {
    const { world, hulk, mokiChat, hulkChat } = await twoFriends({
      hulk: { chats: { readMarks: 'nobody' } },
    });
    const first = await mokiChat.send('a');
    const own = await hulkChat.send('b');
    await world.carry();
    await hulkChat.markRead();
    await mokiChat.markRead();
    await world.live(15_000);
    expect((await mokiChat.message(first.ref))?.state).toBe('received');
    expect(await hulkChat.message(own.ref)).toMatchObject({ state: 'received', readBy: [] });
    expect(hulk.failed).toEqual([]);
  });

  test('never move back, and never beyond the newest message', async () => {
    const { world, hulk, moki, mokiChat, hulkChat } = await twoFriends();
    const refs = [await mokiChat.send('a'), await mokiChat.send('b')].map(({ ref }) => ref);
    await world.carry();
    await hulkChat.markRead();
    await world.live(3000);
    const first = await hulkChat.message(refs[0] as string);
    const send = (time: number, ref: string) =>
      hulk.messenger.send(ReadMark.create({ upto: { time, ref } }), moki.id);
    await send((first?.time ?? 0) / 1000, refs[0] as string);
    await world.carry();
    expect((await mokiChat.message(refs[1] as string))?.state).toBe('read');
    await send(world.time.now() / 1000 + 10_000, 'z'.repeat(22));
    await world.carry();
    await world.live(1000);
    const later = await mokiChat.send('c');
    await world.live(2000);
    expect((await mokiChat.message(later.ref))?.state).toBe('received');
  });
});

describe('typing', () => {
  test('is shown for 6 s, and ends with the message', async () => {
    const { world, moki, mokiChat, hulkChat } = await twoFriends();
    await mokiChat.send('a');
    await world.carry();
    mokiChat.typing();
    await world.carry();
    expect(await hulkChat.typists.ready).toEqual([moki.id.entity]);
    await world.live(5000);
    expect(await hulkChat.typists.ready).toEqual([moki.id.entity]);
    await world.live(2000);
    expect(await hulkChat.typists.ready).toEqual([]);
    mokiChat.typing();
    await world.carry();
    expect(await hulkChat.typists.ready).toEqual([moki.id.entity]);
    await mokiChat.send('b');
    await world.carry();
    expect(await hulkChat.typists.ready).toEqual([]);
  });

  test('is sent every 4 s at most, only to contacts, and only while something was said lately', async () => {
    const { world, moki, hulk, mokiChat } = await twoFriends();
    const signs = async (): Promise<number> => {
      await world.rest();
      return moki.sent.splice(0).length;
    };
    mokiChat.typing();
    expect(await signs()).toBe(0);
    await world.live(5000);
    await mokiChat.send('a');
    await world.live(2000);
    for (let key = 0; key < 10; key++) mokiChat.typing();
    expect(await signs()).toBe(1);
    await world.live(6 * 60_000, 60_000);
    mokiChat.typing();
    expect(await signs()).toBe(0);
    await mokiChat.send('b');
    await world.live(2000);
    await moki.facebook.removeContact(moki.id, hulk.id);
    mokiChat.typing();
    expect(await signs()).toBe(0);
  });

  test('leaves no trace on disk', async () => {
    const { world, hulk, mokiChat } = await twoFriends();
    await mokiChat.send('a');
    await world.live(2000);
    const before = await count(hulk.durable);
    mokiChat.typing();
    await world.carry();
    expect(await count(hulk.durable)).toBe(before);
  });
});

async function count(store: import('@dimp/core').Store): Promise<number> {
  let entries = 0;
  for await (const [[area]] of store.list([])) if (area !== 'received-key') entries += 1;
  return entries;
}
