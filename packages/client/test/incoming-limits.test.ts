import { memoryStore } from '@dimp/core/memory';
import { Receipt } from '@dimp/extensions/commands';
import { Forward } from '@dimp/extensions/contents';
import { disposeSymbol, parseJsonObject, stringifyJson, utf8Encode } from '@dimp/foundation';
import { VirtualTime } from '@dimp/testing/network';
import { pathsOf } from '@dimp/testing/stores';
import { describe, expect, test } from 'vitest';
import { BatchedStore } from '../src/inbox/batched-store.ts';
import { DeferredMessages } from '../src/inbox/deferred-messages.ts';
import { DeferredStore } from '../src/inbox/deferred-store.ts';
import { NOTHING } from '../src/inbox/received.ts';
import { acquaint, type Client, sendTexts, tell, text, twoPeers, World } from './world.ts';

const DAY = 24 * 60 * 60 * 1000;

describe('an inbox that the application does not read', () => {
  test('refuses messages when it is full, which come again and are taken when there is room', async () => {
    const { world, moki, hulk } = await twoPeers({ screen: false });
    await hulk.facebook.addContact(hulk.id, moki.id);
    await world.restart(hulk, { screen: false, inbox: { messages: 3 } });
    const packets = await sendTexts(moki, hulk, 'a', 'b', 'c', 'd');
    for (const bytes of packets) await world.deliver(bytes, hulk);
    expect(hulk.refused).toEqual(['policy/rate-limited']);
    expect(await inboxOf(hulk)).toHaveLength(3);
    expect(hulk.sent.splice(0)).toHaveLength(3);
    const iteration = hulk.messenger.messages();
    for (let count = 0; count < 2; count++) await iteration.next();
    await world.deliver(packets[3] as Uint8Array, hulk);
    expect(hulk.sent).toHaveLength(1);
    expect(hulk.refused).toHaveLength(1);
    expect(await inboxOf(hulk)).toHaveLength(3);
  });

  test('counts the messages of an earlier run, and their bytes', async () => {
    const { world, moki, hulk } = await twoPeers({ screen: false });
    await hulk.facebook.addContact(hulk.id, moki.id);
    for (const bytes of await sendTexts(moki, hulk, 'x'.repeat(5000)))
      await world.deliver(bytes, hulk);
    await world.restart(hulk, { screen: false, inbox: { bytes: 5000 } });
    for (const bytes of await sendTexts(moki, hulk, 'b')) await world.deliver(bytes, hulk);
    expect(hulk.refused).toEqual(['policy/rate-limited']);
    expect(await inboxOf(hulk)).toHaveLength(1);
  });

  test('keeps half of its room for contacts', async () => {
    const { world, moki, hulk } = await twoPeers({ screen: false });
    const stranger = await world.join('stranger');
    await acquaint(stranger, hulk);
    await hulk.facebook.addContact(hulk.id, moki.id);
    await world.restart(hulk, { screen: false, inbox: { messages: 4 } });
    for (const bytes of await sendTexts(stranger, hulk, '1', '2', '3'))
      await world.deliver(bytes, hulk);
    expect(hulk.refused).toEqual(['policy/rate-limited']);
    for (const bytes of await sendTexts(moki, hulk, 'a', 'b')) await world.deliver(bytes, hulk);
    expect(await inboxOf(hulk)).toHaveLength(4);
  });

  test('does not lose deferred messages: they are accepted when there is room', async () => {
    const world = new World();
    const [moki, hulk] = [await world.join('moki'), await world.join('hulk', { screen: false })];
    const stranger = await world.join('stranger');
    await tell(stranger, hulk);
    await acquaint(moki, hulk);
    await world.restart(hulk, { screen: false, inbox: { messages: 2 } });
    const [first] = await sendTexts(stranger, hulk, 'late');
    await world.deliver(withoutAttachments(first as Uint8Array), hulk);
    for (const bytes of await sendTexts(moki, hulk, 'a')) await world.deliver(bytes, hulk);
    await tell(hulk, stranger);
    await world.rest();
    expect(hulk.refused).toContain('policy/rate-limited');
    const waiting = expect.stringMatching(/^suspended/);
    expect(await pathsOf(hulk.durable)).toContainEqual(waiting);
    const iteration = hulk.messenger.messages();
    const words = async () => (await iteration.next()).value?.content.body;
    expect(await words()).toEqual({ text: 'a' });
    const next = words();
    await world.pass(60_000);
    expect(await next).toEqual({ text: 'late' });
    expect(await pathsOf(hulk.durable)).not.toContainEqual(waiting);
  });

  test('does not lose a message that arrived before its predecessor: it is accepted when there is room', async () => {
    const { world, moki, hulk } = await twoPeers({ screen: false });
    await hulk.facebook.addContact(hulk.id, moki.id);
    await world.restart(hulk, { screen: false, inbox: { messages: 1 } });
    const [first, second] = await sendTexts(moki, hulk, 'first', 'second');
    for (const bytes of [second, first]) await world.deliver(bytes as Uint8Array, hulk);
    expect(hulk.refused).toEqual(['policy/rate-limited']);
    const waiting = expect.stringMatching(/^early/);
    expect(await pathsOf(hulk.durable)).toContainEqual(waiting);
    const iteration = hulk.messenger.messages();
    const words = async () => (await iteration.next()).value?.content.body;
    expect(await words()).toEqual({ text: 'first' });
    const next = words();
    await world.pass(60_000);
    expect(await next).toEqual({ text: 'second' });
    expect(await pathsOf(hulk.durable)).not.toContainEqual(waiting);
  });

  test('does not lose the messages in a forward: they are accepted when there is room and the forward comes again', async () => {
    const { world, moki, hulk } = await twoPeers({ screen: false });
    const bot = await world.join('bot');
    await acquaint(bot, hulk);
    await hulk.facebook.addContact(hulk.id, moki.id);
    await world.restart(hulk, { screen: false, inbox: { messages: 2 } });
    const messages = (await sendTexts(moki, hulk, 'a', 'b', 'c')).map((bytes) =>
      parseJsonObject(bytes),
    );
    const forward = await bot.messenger.pack(Forward.create({ messages }), hulk.id);
    if ('status' in forward) expect.unreachable();
    const bytes = bot.messenger.serialize(forward);
    await world.deliver(bytes, hulk);
    expect(hulk.refused).toEqual(['policy/rate-limited']);
    expect(await inboxOf(hulk)).toHaveLength(2);
    const iteration = hulk.messenger.messages();
    const words = async () => (await iteration.next()).value?.content.body;
    for (const each of ['a', 'b']) expect(await words()).toEqual({ text: each });
    await world.deliver(bytes, hulk);
    expect(await words()).toEqual({ text: 'c' });
    expect(hulk.refused).toHaveLength(1);
  });
});

test('messages that name others which never come set no more timers than there may be deferred messages', async () => {
  const time = new VirtualTime();
  const timers = new Set<() => unknown>();
  const limits = { perKey: 2, total: 4, bytes: 1000 };
  const room = (area: string) =>
    new DeferredStore(new BatchedStore(memoryStore()), area, time, limits, () => undefined);
  const rooms = new DeferredMessages({
    stores: { suspended: room('suspended'), early: room('early'), ahead: room('ahead') },
    timers: {
      after(_, task) {
        timers.add(task);
        return { [disposeSymbol]: () => timers.delete(task) };
      },
    },
    clock: time,
    orderTimeout: 1000,
    readID: () => expect.unreachable(),
    onDeferred: () => {},
    isSeen: async () => false,
    ask: async () => {},
    receive: async () => NOTHING,
    later: async () => {},
  });
  for (let n = 0; n < 100; n++) {
    await rooms.add('early', { key: `before ${n}`, id: `${n}`, text: 'x' });
    await rooms.add('early', { key: 'the same', id: `the same ${n}`, text: 'x' });
  }
  expect(timers.size).toBeLessThanOrEqual(4);
  rooms.stop();
  expect(timers.size).toBe(0);
});

test('a message whose content has no time is never forgotten, even if the time of its envelope changes', async () => {
  const { world, moki, hulk } = await twoPeers({ screen: false });
  const { messenger } = moki;
  const { contents } = messenger.facebook.protocol;
  const envelope = { sender: moki.id, receiver: hulk.id, time: world.time.now() / 1000 };
  const content = contents.parse({ type: 1, sn: 7, text: 'old' });
  const secure = await messenger.transceiver.encrypt({ envelope, content });
  if ('status' in secure) expect.unreachable();
  const message = await messenger.transceiver.sign(secure);
  await world.deliver(messenger.serialize(message), hulk);
  expect(await inboxOf(hulk)).toHaveLength(1);
  for (let weeks = 0; weeks < 3; weeks++) {
    await world.pass(7 * DAY);
    await world.restart(hulk, { screen: false });
    const later = { ...message, wire: { ...message.wire, time: world.time.now() / 1000 } };
    await world.deliver(messenger.serialize(later), hulk);
  }
  expect(hulk.refused).toEqual([]);
  expect(await inboxOf(hulk)).toHaveLength(1);
});

test('an unsupported content is refused each time it comes, and reported once', async () => {
  const { world, moki, hulk } = await twoPeers({ screen: false });
  const { messenger } = moki;
  const { contents } = messenger.facebook.protocol;
  const time = world.time.now() / 1000;
  const envelope = { sender: moki.id, receiver: hulk.id, time };
  const content = contents.parse({
    type: 77,
    sn: 7,
    time,
    sender: moki.id.text,
    receiver: hulk.id.text,
  });
  const secure = await messenger.transceiver.encrypt({ envelope, content });
  if ('status' in secure) expect.unreachable();
  const bytes = messenger.serialize(await messenger.transceiver.sign(secure));
  let reported = 0;
  hulk.messenger.on('unhandled', () => {
    reported += 1;
  });
  for (let times = 0; times < 2; times++) {
    await world.pass(2000);
    await world.deliver(bytes, hulk);
    const [answer] = hulk.sent.splice(0);
    if (answer === undefined) expect.unreachable();
    const received = await moki.messenger.unpack(answer.bytes);
    expect(received).toMatchObject({ content: { body: { text: 'Content not support.' } } });
  }
  expect(reported).toBe(1);
});

test('types that the messenger processes by itself take no handlers', async () => {
  const { hulk } = await twoPeers({ screen: false });
  expect(() => hulk.messenger.handle(Receipt, () => undefined)).toThrow(RangeError);
  expect(() => hulk.messenger.handle(Forward, () => undefined)).toThrow(RangeError);
});

test('suspended messages are bounded by number for each cause, by number, and by bytes', async () => {
  const store = memoryStore();
  const limits = { perKey: 2, total: 4, bytes: 1000 };
  const open = () =>
    new DeferredStore(
      new BatchedStore(store),
      'suspended',
      new VirtualTime(),
      limits,
      () => undefined,
    );
  const room = open();
  const add = async (key: string, id: string, length = 1) =>
    (await room.add({ key, id, text: 'x'.repeat(length) })).dropped;
  for (const id of ['1', '2']) expect(await add('a', id)).toEqual([]);
  expect(await add('a', '3')).toMatchObject([{ key: 'a', id: '1' }]);
  expect((await room.of('a')).map(({ id }) => id)).toEqual(['2', '3']);
  for (const key of ['b', 'c']) expect(await add(key, key)).toEqual([]);
  expect(await add('d', 'd')).toMatchObject([{ key: 'a', id: '2' }]);
  expect(await room.has('2')).toBe(false);
  expect(await add('e', 'e', 850)).not.toEqual([]);
  const left = (await pathsOf(store)).map((path) => path.split('/').at(-1));
  expect(left).toContain('e');
  expect(left.length).toBeLessThan(4);
  const again = open();
  for (const id of left) expect(await again.has(id as string)).toBe(true);
  const { dropped } = await again.add({ key: 'f', id: 'f', text: 'x'.repeat(900) });
  expect(dropped).not.toEqual([]);
  expect(await pathsOf(store)).toEqual(['suspended/f/f']);
});

describe('one damaged record', () => {
  const damage = Uint8Array.of(1, 2, 3);

  test.each([
    [['outbox', 'x']],
    [['inbox', 'x']],
    [['suspended', 'x', 'x']],
    [['early', 'x', 'x']],
  ])('at %j is reported and stays, and does not keep the others back', async (path) => {
    const { world, moki, hulk } = await twoPeers({ screen: false });
    const packets = await sendTexts(moki, hulk, 'a', 'b');
    await world.deliver(packets[0] as Uint8Array, hulk);
    await hulk.messenger.send(text('out'), moki.id);
    await hulk.durable.set(path, damage);
    await world.restart(hulk, { screen: false });
    expect(hulk.failed).toContainEqual(expect.objectContaining({ code: 'store/corrupt' }));
    expect(await hulk.durable.get(path)).toEqual(damage);
    expect(await hulk.messenger.deliveries()).toHaveLength(1);
    await world.deliver(packets[1] as Uint8Array, hulk);
    const iteration = hulk.messenger.messages();
    for (const words of ['a', 'b']) {
      expect((await iteration.next()).value?.content.body).toEqual({ text: words });
    }
  });

  test('of a message that was taken in still keeps it from being shown again', async () => {
    const { world, moki, hulk } = await twoPeers({ screen: false });
    const [bytes] = await sendTexts(moki, hulk, 'a');
    await world.deliver(bytes as Uint8Array, hulk);
    const path = (await pathsOf(hulk.durable)).find((each) => each.startsWith('seen/'));
    await hulk.durable.set(['seen', path?.slice('seen/'.length) ?? ''], damage);
    await world.restart(hulk, { screen: false });
    await world.deliver(bytes as Uint8Array, hulk);
    expect(hulk.failed).toContainEqual(expect.objectContaining({ code: 'store/corrupt' }));
    expect(await inboxOf(hulk)).toHaveLength(1);
  });
});

async function inboxOf({ durable }: Client): Promise<readonly string[]> {
  return (await pathsOf(durable)).filter((path) => path.startsWith('inbox/'));
}

/** As from a sender who believes that we know them. */
function withoutAttachments(bytes: Uint8Array): Uint8Array {
  const { meta: _, visa: __, ...rest } = parseJsonObject(bytes);
  return utf8Encode(stringifyJson(rest));
}
