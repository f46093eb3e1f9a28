import { encodeRecord } from '@dimp/endpoint';
import { Reaction } from '@dimp/extensions/chat';
import { utf8Encode } from '@dimp/foundation';
import { describe, expect, test } from 'vitest';
import { MAX_REQUESTS } from '../../src/conversations/requests.ts';
import { chatToJson, newChat } from '../../src/history/chat-record.ts';
import { importTexts } from './import-texts.ts';
import { acquaint, textsOf, World } from './world.ts';

/** Two people who know each other's keys and are not contacts. */
async function strangers() {
  const world = new World();
  const [moki, hulk] = [await world.join('moki'), await world.join('hulk')];
  await acquaint(moki, hulk);
  const mokiChat = await moki.chats.open(hulk.id.text);
  const hulkChat = await hulk.chats.open(moki.id.text);
  return { world, moki, hulk, mokiChat, hulkChat };
}

describe('a conversation that a stranger has begun', () => {
  test('is a request: apart from the others, and not in the counts', async () => {
    const { world, hulk, mokiChat, hulkChat } = await strangers();
    await mokiChat.send('hi');
    await world.carry();
    expect(await hulkChat.summary.ready).toMatchObject({ request: 'unknown sender', unread: 1 });
    expect(await hulk.chats.list().ready).toEqual([]);
    expect(await hulk.chats.list({ requests: true }).ready).toHaveLength(1);
    expect(await hulk.chats.unread.ready).toMatchObject({ messages: 0, requests: 1 });
  });

  test('has nothing that waits for messages which are not here', async () => {
    const { world, moki, hulk, hulkChat } = await strangers();
    const time = world.time.now() / 1000;
    await world.forgeWire(moki, { type: 1, sn: 1, time, text: 'hi' }, hulk);
    const target = { sender: moki.id.text, sn: 7, time: 5, ref: 'm'.repeat(22) };
    const reaction = { type: 204, app: 'dimp.chat', mod: 'reaction', act: 'set', text: '👍' };
    await world.forgeWire(moki, { ...reaction, sn: 8, time, target, emojis: ['👍'] }, hulk);
    const origin = { sn: 9 };
    const edit = { type: 1, action: 'edit', sn: 9, time, edited: time, text: 'edit', origin };
    await world.forgeWire(moki, edit, hulk);
    for await (const _ of hulk.durable.list(['pending'])) expect.unreachable();
    expect((await textsOf(hulkChat)).sort()).toEqual(['edit', 'hi']);
  });

  test('leaves nothing behind when its messages are over', async () => {
    const { world, moki, hulk } = await strangers();
    const time = world.time.now() / 1000;
    await world.forgeWire(moki, { type: 1, sn: 1, time, text: 'hi' }, hulk);
    expect(await hulk.chats.unread.ready).toMatchObject({ requests: 1 });
    await world.live(31 * 86_400_000, 6 * 3_600_000);
    expect(await hulk.chats.unread.ready).toMatchObject({ requests: 0 });
    for (const area of ['chat', 'chat-standing', 'chat-pages', 'msg', 'msg-at']) {
      for await (const [key] of hulk.durable.list([area])) expect(key).toBeUndefined();
    }
  });

  test('gets no read marks, even if the user sends them to everybody', async () => {
    const { world, moki, hulk, mokiChat } = await strangers();
    await world.restart(hulk, { chats: { readMarks: 'everybody' } }, false);
    const hulkChat = await hulk.chats.open(moki.id.text);
    const { ref } = await mokiChat.send('hi');
    await world.carry();
    await hulkChat.markRead();
    await world.live(15_000);
    expect(await mokiChat.message(ref)).toMatchObject({ readBy: [] });
    expect((await mokiChat.message(ref))?.state).not.toBe('read');
    await hulkChat.accept();
    await mokiChat.send('again');
    await world.carry();
    await hulkChat.markRead();
    await world.live(15_000);
    expect(await mokiChat.summary.ready).not.toMatchObject({ request: 'unknown sender' });
  });

  test('cannot show typing, nor react before it has written', async () => {
    const { world, moki, hulk, mokiChat, hulkChat } = await strangers();
    const before = await sizeOf(hulk);
    const target = { sender: hulk.id, sn: 1, time: 1, ref: 'a'.repeat(22) };
    await moki.messenger.send(Reaction.create({ target, emojis: ['👍'] }), hulk.id);
    mokiChat.typing();
    await world.carry();
    expect(await hulkChat.typists.ready).toEqual([]);
    expect(await sizeOf(hulk)).toBe(before);
  });

  test('becomes an ordinary conversation when the user accepts it, answers, or adds the contact', async () => {
    for (const how of ['accept', 'answer', 'add']) {
      const { world, moki, hulk, mokiChat, hulkChat } = await strangers();
      await mokiChat.send('hi');
      await world.carry();
      if (how === 'accept') await hulkChat.accept();
      else if (how === 'answer') await hulkChat.send('hello');
      else await hulk.facebook.addContact(hulk.id, moki.id);
      await mokiChat.send('more');
      await world.carry();
      expect((await hulkChat.summary.ready).request).toBeUndefined();
      expect(await hulk.chats.list().ready).toHaveLength(1);
    }
  });

  test('keeps 1,000 messages for 30 days', async () => {
    const { world, mokiChat, hulkChat } = await strangers();
    await mokiChat.send('old');
    await world.carry();
    await world.live(31 * 86_400_000, 86_400_000);
    expect(await textsOf(hulkChat)).toEqual([]);
  });

  test('takes 1,000 messages and refuses further ones until the user answers', async () => {
    const { world, moki, hulk, hulkChat } = await strangers();
    await importTexts(hulk, moki, 1000, { request: 'unknown sender' });
    const time = (): number => world.time.now() / 1000;
    await world.forgeWire(moki, { time: time(), type: 1, sn: 5000, text: 'one more' }, hulk);
    expect(hulk.refused).toContain('policy/blocked');
    expect(await hulkChat.summary.ready).toMatchObject({ request: 'unknown sender' });
    await hulkChat.accept();
    await world.forgeWire(moki, { time: time(), type: 1, sn: 5001, text: 'at last' }, hulk);
    expect((await hulkChat.summary.ready).last?.preview).toBe('at last');
  });

  test('is told to the user once, not for each message', async () => {
    const { world, hulk, mokiChat } = await strangers();
    for (const text of ['a', 'b']) await mokiChat.send(text);
    await world.carry();
    const notified: boolean[] = [];
    for await (const { notify, message } of hulk.chats.incoming()) {
      notified.push(notify);
      if (message.text === 'b') break;
    }
    expect(notified.filter(Boolean).length).toBeLessThanOrEqual(1);
  });
});

test('of more than 1,000 requests, the oldest ones and their messages are removed', async () => {
  const { world, hulk, moki, mokiChat } = await strangers();
  const blocked = await world.join('thor');
  await acquaint(hulk, blocked);
  await (await blocked.chats.open(hulk.id.text)).send('older, but blocked');
  await world.carry();
  await (await hulk.chats.open(blocked.id.text)).block(true);
  await mokiChat.send('the oldest');
  await world.carry();
  const user = hulk.id.entity;
  for (let at = 0; at < MAX_REQUESTS; at += 1) {
    const stamp = world.time.now() + 1 + at;
    const last = { ref: 'r'.repeat(22), stamp, sender: 'x', kind: 'text', preview: '' };
    const record = { ...newChat('person'), request: 'unknown sender', count: 1, last } as const;
    await hulk.durable.set(['chat', user, `stranger-${at}`], encodeRecord(chatToJson(record)));
  }
  await world.restart(hulk);
  await world.live(1000);
  expect(await hulk.chats.unread.ready).toMatchObject({ requests: MAX_REQUESTS });
  const shown = await hulk.chats.list({ requests: true }).ready;
  expect(shown.map(({ id }) => id)).not.toContain(moki.id.entity);
  expect(shown.map(({ id }) => id)).toContain(blocked.id.entity);
  for (const area of ['chat', 'chat-standing', 'chat-pages', 'chat-job', 'msg', 'msg-at']) {
    for await (const [key] of hulk.durable.list([area, user])) {
      expect(key).not.toContain(moki.id.entity);
      expect(key[2]?.startsWith('clear ')).not.toBe(true);
    }
  }
  expect(hulk.failed).toEqual([]);
});

test('a blocked person reaches the user no more, and their messages are refused', async () => {
  const { world, hulk, mokiChat, hulkChat } = await strangers();
  await mokiChat.send('a');
  await world.carry();
  await hulkChat.block(true);
  await mokiChat.send('b');
  await world.carry();
  expect(await textsOf(hulkChat)).toEqual(['a']);
  expect(hulk.refused).toContain('policy/blocked');
  expect(await hulkChat.summary.ready).toMatchObject({ blocked: true });
  await hulkChat.block(false);
  await mokiChat.send('c');
  await world.carry();
  expect(await textsOf(hulkChat)).toContain('c');
});

test('a stranger stays a stranger, and a blocked person blocked, when the record of the conversation is damaged', async () => {
  const { world, hulk, moki, mokiChat, hulkChat } = await strangers();
  await mokiChat.send('a');
  await world.carry();
  const path = ['chat', hulk.id.entity, moki.id.entity];
  await hulk.durable.set(path, utf8Encode('{'));
  await mokiChat.send('b');
  await world.carry();
  expect((await textsOf(hulkChat)).sort()).toEqual(['a', 'b']);
  expect(await hulk.chats.list({ requests: true }).ready).toHaveLength(1);
  await hulkChat.block(true);
  await hulk.durable.set(path, utf8Encode('{'));
  await mokiChat.send('c');
  await world.carry();
  expect(hulk.refused).toContain('policy/blocked');
  await hulkChat.block(false);
  expect((await textsOf(hulkChat)).sort()).toEqual(['a', 'b']);
});

async function sizeOf({
  durable,
}: {
  readonly durable: import('@dimp/core').Store;
}): Promise<number> {
  let count = 0;
  for await (const [[area]] of durable.list([])) {
    if (area?.startsWith('chat') || area?.startsWith('msg') || area === 'pending') count += 1;
  }
  return count;
}
