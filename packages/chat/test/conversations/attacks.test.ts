import type { JsonObject } from '@dimp/foundation';
import { describe, expect, test, vi } from 'vitest';
import type { ChatMessage } from '../../src/index.ts';
import { importTexts } from './import-texts.ts';
import { textsOf, twoFriends } from './world.ts';

const DAY = 86_400_000;

/** The target of a content about a message, as it goes over the wire. */
function targetOf({ sender, content, time, ref }: ChatMessage): JsonObject {
  return { sender, sn: content['sn'], time: time / 1000, ref };
}

describe('a peer cannot', () => {
  test("edit or recall somebody else's message by its serial number or name", async () => {
    const { world, moki, hulk, mokiChat } = await twoFriends();
    const { ref } = await mokiChat.send('mine');
    await world.carry();
    const shown = (await mokiChat.message(ref)) as ChatMessage;
    const { sn } = shown.content;
    const origin = { type: '1', sn, time: shown.time / 1000, ref };
    const time = shown.time / 1000;
    const edited = time + 1;
    const edit = { type: 1, action: 'edit', sn, time, edited, text: 'forged', origin };
    const recall = { type: 1, action: 'recall', sn, time, text: 'x', origin };
    await world.forgeWire(hulk, edit, moki);
    await world.forgeWire(hulk, recall, moki);
    await world.forgeWire(hulk, { ...recall, origin: { type: '1', sn } }, moki);
    expect(await mokiChat.message(ref)).toMatchObject({ text: 'mine', kind: 'text', edits: [] });
    expect(moki.refused.filter((code) => code === 'policy/unauthorized').length).toBeGreaterThan(0);
  });

  test('replace a message by another one of the same name', async () => {
    const { world, moki, hulk, hulkChat } = await twoFriends();
    const conflicts: string[] = [];
    hulk.chats.on('conflict', ({ ref }) => conflicts.push(ref));
    const time = world.time.now() / 1000;
    await world.forgeWire(moki, { time, type: 1, sn: 7, text: 'first' }, hulk);
    await world.forgeWire(moki, { time, type: 1, sn: 7, text: 'second' }, hulk);
    expect(await textsOf(hulkChat)).toEqual(['first']);
    expect(conflicts).toHaveLength(1);
    expect(await hulkChat.summary.ready).toMatchObject({ unread: 1 });
  });

  test('fill the disk with annotations: one register for each author, and bounded waiting', async () => {
    const { world, moki, hulk, mokiChat, hulkChat } = await twoFriends();
    const { ref } = await mokiChat.send('a');
    await world.carry();
    const target = targetOf((await hulkChat.message(ref)) as ChatMessage);
    const base = { type: 204, app: 'dimp.chat', mod: 'reaction', act: 'set', text: '👍' };
    const size = async (): Promise<number> => bytesOf(hulk.durable);
    await world.forgeWire(
      moki,
      { ...base, time: world.time.now() / 1000, sn: 1, target, emojis: ['👍'] },
      hulk,
    );
    const before = await size();
    for (let i = 0; i < 100; i++) {
      const time = world.time.now() / 1000 + i / 1000;
      await world.forgeWire(moki, { ...base, time, sn: i + 2, target, emojis: ['🎉'] }, hulk);
    }
    expect((await size()) - before).toBeLessThan(500);
    for (let i = 0; i < 60; i++) {
      const time = world.time.now() / 1000 + i / 1000;
      const missing = { ...target, ref: 'm'.repeat(22), sn: 1_000_000, time: 5 };
      await world.forgeWire(
        moki,
        { ...base, time, sn: i + 900, target: missing, emojis: ['🎉'] },
        hulk,
      );
    }
    let waiting = 0;
    for await (const [, value] of hulk.durable.list(['pending'])) {
      waiting += JSON.parse(new TextDecoder().decode(value)).annotations.length;
    }
    expect(waiting).toBe(32);
  });

  test('react with a novel, with direction marks or with invisible characters', async () => {
    const { world, moki, hulk, mokiChat, hulkChat } = await twoFriends();
    const { ref } = await mokiChat.send('a');
    await world.carry();
    const target = targetOf((await hulkChat.message(ref)) as ChatMessage);
    const base = { type: 204, app: 'dimp.chat', mod: 'reaction', act: 'set' };
    for (const emoji of ['a novel', '\u202e👍', '\u200b', '👍'.repeat(20), '👍\u200d\u200d👍']) {
      const time = world.time.now() / 1000;
      await world.forgeWire(moki, { ...base, time, sn: 5, target, emojis: [emoji] }, hulk);
      await world.live(10, 10);
    }
    expect((await hulkChat.message(ref))?.reactions).toEqual([]);
  });

  test('undo a newer reaction by repeating an older one', async () => {
    const { world, moki, hulk, mokiChat, hulkChat } = await twoFriends();
    const { ref } = await mokiChat.send('a');
    await mokiChat.react(ref, ['👍']);
    await world.rest();
    const old = moki.sent.at(-1);
    await world.carry();
    await world.live(10, 10);
    await mokiChat.react(ref, ['🎉']);
    await world.carry();
    if (old === undefined) expect.unreachable();
    await world.deliver(old.bytes, hulk);
    expect((await hulkChat.message(ref))?.reactions.map(({ emoji }) => emoji)).toEqual(['🎉']);
  });

  test('hide a message above the read mark by an old date, or put one into the future', async () => {
    const { world, moki, hulk, hulkChat } = await twoFriends();
    await importTexts(hulk, moki, 3);
    await hulkChat.markRead();
    const now = world.time.now();
    await world.forgeWire(
      moki,
      { time: (now - 7 * DAY) / 1000, type: 1, sn: 7, text: 'old' },
      hulk,
    );
    expect(await hulkChat.summary.ready).toMatchObject({ missed: 1 });
    expect((await textsOf(hulkChat))[0]).toBe('old');
    await world.forgeWire(
      moki,
      { time: (now + 60_000) / 1000, type: 1, sn: 8, text: 'future' },
      hulk,
    );
    for await (const { stamp } of hulkChat.messages()) {
      expect(stamp).toBeLessThanOrEqual(now);
      expect(stamp).toBeGreaterThanOrEqual(now - 8 * DAY);
    }
  });

  test("make the user's program call home: a picture is shown only if it is in the message", async () => {
    const { world, moki, hulk, hulkChat } = await twoFriends();
    const time = world.time.now() / 1000;
    const image = { time, type: 18, filename: 'a.jpg', URL: 'https://files.example/a' };
    await world.forgeWire(moki, { ...image, sn: 1, thumbnail: 'https://spy.example/x' }, hulk);
    await world.forgeWire(moki, { ...image, sn: 2, thumbnail: 'data:image/png;base64,AAAA' }, hulk);
    await world.forgeWire(moki, { ...image, sn: 3, thumbnail: 'data:text/html;base64,AAAA' }, hulk);
    const thumbnails: (string | undefined)[] = [];
    for await (const { attachments } of hulkChat.messages())
      thumbnails.push(attachments[0]?.thumbnail);
    expect(thumbnails.filter((each) => each !== undefined)).toEqual(['data:image/png;base64,AAAA']);
  });

  test("quote words that the user has never said as if they were the user's", async () => {
    const { world, moki, hulk, mokiChat, hulkChat } = await twoFriends();
    const { ref } = await hulkChat.send('yes');
    await world.live(10, 10);
    const shown = (await hulkChat.message(ref)) as ChatMessage;
    const origin = { ...targetOf(shown), receiver: moki.id.text, type: '1', text: 'I owe you 100' };
    const time = world.time.now() / 1000;
    await world.forgeWire(moki, { time, type: 55, sn: 3, text: 'pay', origin }, hulk);
    const last = (await hulkChat.window().ready).items.at(-1);
    expect(last?.replyTo).toMatchObject({ text: 'yes', isHere: true });
    expect(await textsOf(mokiChat)).toEqual(['yes']);
  });

  test('change a poll after the votes, or show another text than the poll', async () => {
    const { world, moki, hulk, hulkChat } = await twoFriends();
    const time = world.time.now() / 1000;
    const poll = {
      question: 'Lunch?',
      options: [
        { id: 'a', text: 'now' },
        { id: 'b', text: 'later' },
      ],
    };
    await world.forgeWire(
      moki,
      { time, type: 1, sn: 3, action: 'poll', text: 'other', poll },
      hulk,
    );
    const shown = (await hulkChat.window().ready).items[0] as ChatMessage;
    expect(shown.poll?.question).toBe('Lunch?');
    const origin = { type: '1', sn: 3, time, ref: shown.ref };
    const edit = {
      time,
      type: 1,
      sn: 3,
      action: 'edit',
      edited: time + 1,
      text: 'changed',
      origin,
    };
    await world.forgeWire(moki, edit, hulk);
    expect((await hulkChat.message(shown.ref))?.poll?.question).toBe('Lunch?');
    expect((await hulkChat.message(shown.ref))?.edits).toEqual([]);
  });
});

test('two texts of one serial number are both shown if their times differ', async () => {
  const { world, moki, hulk, hulkChat } = await twoFriends();
  const time = world.time.now() / 1000;
  await world.forgeWire(moki, { time: time - 1, type: 1, sn: 7, text: 'before the restart' }, hulk);
  await world.forgeWire(moki, { time, type: 1, sn: 7, text: 'after it' }, hulk);
  expect(await textsOf(hulkChat)).toEqual(['before the restart', 'after it']);
});

test('a recall of a deployed client, which names its message by its place only, is a recall', async () => {
  const { world, moki, hulk, hulkChat } = await twoFriends();
  const time = world.time.now() / 1000;
  await world.forgeWire(moki, { time, type: 1, sn: 7, text: 'oops' }, hulk);
  const recall = {
    time,
    type: 1,
    sn: 7,
    action: 'recall',
    format: 'markdown',
    text: '_(message recalled)_',
    origin: { type: 1, sn: 7 },
  };
  await world.forgeWire(moki, recall, hulk);
  const [shown] = (await hulkChat.window().ready).items;
  expect(shown).toMatchObject({ kind: 'recalled', text: '' });
  expect(await hulkChat.summary.ready).toMatchObject({ unread: 0 });
});

test('an edit whose message never comes is shown as a message after ten minutes', async () => {
  const { world, moki, hulk, hulkChat } = await twoFriends();
  const time = world.time.now() / 1000;
  const origin = { type: '1', sn: 9, time: time - 100 };
  const edit = { time, type: 1, sn: 9, action: 'edit', edited: time, text: 'new words', origin };
  await world.forgeWire(moki, edit, hulk);
  expect(await textsOf(hulkChat)).toEqual([]);
  await world.live(21 * 60_000, 60_000);
  expect(await textsOf(hulkChat)).toEqual(['new words']);
  expect(await hulkChat.summary.ready).toMatchObject({ unread: 1 });
});

test('contents of an unknown kind are kept, and read again by a program that knows more', async () => {
  const { world, moki, hulk, hulkChat } = await twoFriends();
  const time = world.time.now() / 1000;
  await world.forgeWire(moki, { time, type: 77, sn: 1, text: 'from the future' }, hulk);
  const [shown] = (await hulkChat.window().ready).items;
  expect(shown).toMatchObject({ kind: 'unknown', text: 'from the future' });
  const { createProtocol, memoryOf, type77 } = await import('./newer-protocol.ts');
  const newer = await memoryOf(hulk, createProtocol(type77));
  expect(newer).toMatchObject({ kind: 'com.example/77', text: 'from the future' });
});

test('a quote with a name that no message can have does not hide its conversation', async () => {
  const { world, moki, hulk, hulkChat } = await twoFriends();
  const time = world.time.now() / 1000;
  const refs = ['', '\u0000', '..', 'x'.repeat(70_000), '\ud800', '__proto__'];
  for (const [sn, ref] of refs.entries()) {
    const origin = { sender: moki.id.text, type: '1', sn: 99, time: 1, ref, text: 'quoted' };
    await world.forgeWire(moki, { type: 55, sn, time: time + sn, text: `${sn}`, origin }, hulk);
  }
  expect((await textsOf(hulkChat)).sort()).toEqual(['0', '1', '2', '3', '4', '5']);
  expect((await hulkChat.window().ready).items).toHaveLength(6);
  const queue = hulk.chats.incoming()[Symbol.asyncIterator]();
  expect((await queue.next()).done).toBe(false);
  await queue.return(undefined);
});

test('a recall that names its message by serial number only does not read long messages', async () => {
  const { world, moki, hulk, hulkChat } = await twoFriends();
  const time = world.time.now() / 1000 - 60;
  const long = 'x'.repeat(20_000);
  await world.forgeWire(moki, { type: 1, sn: 1, time, text: long }, hulk);
  await world.forgeWire(moki, { type: 1, sn: 2, time: time + 1, text: 'short' }, hulk);
  for (const sn of [1, 2]) {
    const recall = { type: 1, action: 'recall', sn, time: time + 10, text: 'x', origin: { sn } };
    await world.forgeWire(moki, recall, hulk);
  }
  const shown: string[] = [];
  for await (const { kind } of hulkChat.messages()) shown.push(kind);
  expect(shown).toEqual(['text', 'recalled']);
});

test('contents that a later version refuses do not end the work of its jobs', async () => {
  const { world, moki, hulk } = await twoFriends();
  const time = world.time.now() / 1000;
  await world.forgeWire(moki, { time, type: 77, sn: 1, text: { not: 'a text' } }, hulk);
  await world.live(1000);
  await world.forgeWire(moki, { time: time + 1, type: 77, sn: 2, text: 'readable' }, hulk);
  const { createProtocol, memoryOf, type77 } = await import('./newer-protocol.ts');
  const newer = await memoryOf(hulk, createProtocol(type77));
  expect(newer).toMatchObject({ kind: 'com.example/77', text: 'readable' });
  const done = ['chat-job', hulk.id.entity, 'reread'];
  const wait = { timeout: 5000 };
  await vi.waitFor(async () => expect(await hulk.durable.get(done)).toBeDefined(), wait);
});

test('a damaged record does not hide the others, and does not stop reception', async () => {
  const { world, moki, hulk, mokiChat, hulkChat } = await twoFriends();
  for (const text of ['a', 'b', 'c']) await mokiChat.send(text);
  await world.carry();
  const paths: (readonly string[])[] = [];
  for await (const [path] of hulk.durable.list(['msg', hulk.id.entity])) paths.push(path);
  await hulk.durable.set(paths[1] as readonly string[], new TextEncoder().encode('{"ref":'));
  expect(await textsOf(hulkChat)).toEqual(['a', 'c']);
  expect(hulk.failed).toHaveLength(1);
  for (const area of ['chat', 'chat-pages']) {
    for await (const [path] of hulk.durable.list([area, hulk.id.entity])) {
      await hulk.durable.set(path, new TextEncoder().encode('damaged'));
    }
    await world.live(10, 10);
    await mokiChat.send(`after ${area}`);
    await world.carry();
  }
  expect(await textsOf(hulkChat)).toEqual(['a', 'c', 'after chat', 'after chat-pages']);
  expect(moki.failed).toEqual([]);
});

test('typing and reactions of a known peer are silent: no unread, nothing in the queue', async () => {
  const { world, moki, hulk, mokiChat, hulkChat } = await twoFriends();
  const { ref } = await mokiChat.send('a');
  await world.carry();
  await hulkChat.markRead();
  await mokiChat.react(ref, ['👍']);
  mokiChat.typing();
  await world.carry();
  expect(await hulkChat.summary.ready).toMatchObject({ unread: 0 });
  const orders: string[] = [];
  for await (const [path] of hulk.durable.list(['chat-log', hulk.id.entity]))
    orders.push(String(path));
  expect(orders).toHaveLength(1);
  expect(moki.failed).toEqual([]);
});

async function bytesOf(store: import('@dimp/core').Store): Promise<number> {
  let bytes = 0;
  for await (const [[area], value] of store.list([])) {
    if (area?.startsWith('chat') || area?.startsWith('msg') || area === 'pending')
      bytes += value.length;
  }
  return bytes;
}
