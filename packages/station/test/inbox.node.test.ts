import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Store } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { Text } from '@dimp/extensions/contents';
import { encodeBase64, type JsonObject, utf8Decode, utf8Encode } from '@dimp/foundation';
import { ANYONE, EntityType } from '@dimp/mkm';
import { lmdbStore } from '@dimp/store-lmdb';
import { manualClock } from '@dimp/testing/clock';
import { crashingStore } from '@dimp/testing/network';
import { expect, test } from 'vitest';
import { copyName } from '../src/inbox/copy-name.ts';
import type { Neighbours } from '../src/index.ts';
import { Device } from './support/device.ts';
import { introduce, newPerson, openStation, type Person } from './support/test-users.ts';

async function couple(): Promise<readonly [Person, Person]> {
  const people = [await newPerson('moki'), await newPerson('hulk')] as const;
  await introduce(...people);
  return people;
}

function numbered(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, index) => `message ${from + index}`);
}

async function sendAll(device: Device, texts: readonly string[], to: Person): Promise<void> {
  const bytes = [];
  for (const text of texts) bytes.push(await device.pack(Text.create({ text }), to.id));
  await Promise.all(bytes.map((each) => device.transport.send(each)));
}

async function stored(store: Store): Promise<number> {
  let count = 0;
  for await (const _ of store.list(['inbox'])) count += 1;
  return count;
}

test('what was acknowledged is delivered after a restart, once and in order', async () => {
  const path = await mkdtemp(join(tmpdir(), 'dimp-station-'));
  const [moki, hulk] = await couple();
  const store = await lmdbStore({ path });
  const { station } = await openStation(store);
  await sendAll(await Device.login(station, moki), numbered(100), hulk);
  await station.stop({ graceful: false });
  await store[Symbol.asyncDispose]();

  const again = await lmdbStore({ path });
  const second = await openStation(again);
  const more = await Device.login(second.station, moki);
  await sendAll(more, numbered(20, 100), hulk);
  const receiving = await Device.login(second.station, hulk);
  await receiving.until(() => receiving.texts().length >= 120);
  expect(receiving.texts()).toEqual(numbered(120));
  await second.station.stop();
  expect(await stored(again)).toBe(0);
  await again[Symbol.asyncDispose]();
  await rm(path, { recursive: true });
});

test.each([false, true])(
  'a message whose storing was interrupted by a crash is not acknowledged, and can be sent again (written: %s)',
  async (unacknowledged) => {
    const [moki, hulk] = await couple();
    const disk = memoryStore();
    const store = crashingStore(disk);
    const { station } = await openStation(store);
    const sending = await Device.login(station, moki);
    await sendAll(sending, numbered(3), hulk);
    const acknowledged = sending.transport.acknowledged;
    store.crash({ afterWrites: 0, unacknowledged });
    const message = await sending.pack(Text.create({ text: 'message 3' }), hulk.id);
    const sent = sending.transport.send(message);
    sent.catch(() => {});
    await sending.until(() => !station.health().ok);
    expect(sending.transport.acknowledged).toBe(acknowledged);
    await station.stop({ graceful: false });

    const second = await openStation(disk);
    const again = await Device.login(second.station, moki);
    await again.transport.send(message);
    const receiving = await Device.login(second.station, hulk);
    await receiving.until(() => receiving.texts().length >= 4);
    await second.station.stop();
    expect(receiving.texts()).toEqual(numbered(4));
  },
);

test('a station whose store works again takes messages again, and is healthy again', async () => {
  const [moki, hulk] = await couple();
  const disk = memoryStore();
  let broken = false;
  const store: Store = new Proxy(disk, {
    get(target, name) {
      const value = Reflect.get(target, name) as unknown;
      if (name === 'batch' && broken) return () => Promise.reject(new Error('no disk'));
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const { station } = await openStation(store);
  const sending = await Device.login(station, moki);
  broken = true;
  const message = await sending.pack(Text.create({ text: 'again' }), hulk.id);
  sending.transport.send(message).catch(() => {});
  await sending.until(() => !station.health().ok);
  broken = false;
  await sending.transport.send(message);
  expect(station.health().ok).toBe(true);
  expect(await stored(disk)).toBe(1);
  await station.stop();
});

test('the same message is acknowledged again and kept once: on its way, stored, and after delivery', async () => {
  const [moki, hulk] = await couple();
  const store = memoryStore();
  const { station } = await openStation(store);
  const sending = await Device.login(station, moki);
  const message = await sending.pack(Text.create({ text: 'once' }), hulk.id);
  await Promise.all([sending.transport.send(message), sending.transport.send(message)]);
  await sending.transport.send(message);
  expect(await stored(store)).toBe(1);
  const receiving = await Device.login(station, hulk);
  await receiving.until(() => receiving.texts().length > 0);
  await sending.transport.send(message);
  await sendAll(sending, ['last'], hulk);
  await receiving.until(() => receiving.texts().includes('last'));
  expect(receiving.texts()).toEqual(['once', 'last']);
  await station.stop();
});

/** A message as JSON, to be changed on the way. */
async function wireOf(device: Device, text: string, to: Person): Promise<Record<string, unknown>> {
  return JSON.parse(utf8Decode(await device.pack(Text.create({ text }), to.id)));
}

function bytesOf(wire: Record<string, unknown>): Uint8Array {
  return utf8Encode(JSON.stringify(wire));
}

test('an envelope in another spelling makes no second message', async () => {
  const [moki, hulk] = await couple();
  const store = memoryStore();
  const { station } = await openStation(store);
  const sending = await Device.login(station, moki);
  const { key, ...wire } = await wireOf(sending, 'once', hulk);
  const time = Math.floor(wire['time'] as number);
  for (const each of [
    { ...wire, key },
    { ...wire, time, K: key },
    { type: Number(wire['type']) },
  ]) {
    await sending.transport.send(bytesOf({ key: 'K' in each ? undefined : key, ...wire, ...each }));
  }
  expect(await stored(store)).toBe(1);
  await station.stop();
});

/** A station that trusts others, and a device of one of them, over which it may relay anything. */
async function relays(store: Store, ...neighbours: readonly Person[]) {
  const trusts = ({ entity }: Person['id']) => neighbours.some(({ id }) => id.entity === entity);
  const none: Pick<Neighbours, 'sinksOf' | 'broadcast'> = {
    sinksOf: () => [],
    broadcast: async () => {},
  };
  return openStation(store, { neighbours: { trusts, ...none } });
}

const POISONS: readonly (readonly [string, (wire: Record<string, unknown>) => object])[] = [
  [
    'key',
    ({ key }) => ({ key: `${String(key).startsWith('A') ? 'B' : 'A'}${String(key).slice(1)}` }),
  ],
  ['IV', () => ({ IV: 'AAAAAAAAAAAAAAAAAAAAAA==' })],
  ['iv', () => ({ iv: 'AAAAAAAAAAAAAAAAAAAAAA==' })],
  ['group', ({ sender }) => ({ group: String(sender) })],
  ['type', () => ({ type: '136' })],
  ['time', ({ time }) => ({ time: Number(time) - 3600 })],
  ['until', ({ time }) => ({ until: Number(time) + 3600 })],
];

test.each(POISONS)(
  'a copy whose %s was changed on the way does not displace the genuine one, and each is stored once, also after a restart',
  async (_, poison) => {
    const [moki, hulk] = await couple();
    const other = await newPerson('other', { network: EntityType.Station });
    await introduce(other, moki);
    const store = memoryStore();
    const first = await relays(store, other);
    const neighbour = await Device.login(first.station, other);
    const sending = await Device.login(first.station, moki);
    const genuine = await wireOf(sending, 'genuine', hulk);
    const poisoned = { ...genuine, ...poison(genuine) };
    await neighbour.transport.send(bytesOf(poisoned));
    await sending.transport.send(bytesOf(genuine));
    await neighbour.transport.send(bytesOf(poisoned));
    expect(await stored(store)).toBe(2);
    await first.station.stop();

    const second = await relays(store, other);
    await (await Device.login(second.station, other)).transport.send(bytesOf(poisoned));
    await (await Device.login(second.station, moki)).transport.send(bytesOf(genuine));
    expect(await stored(store)).toBe(2);
    await second.station.stop();
  },
);

test('a neighbour that sends copy after copy uses up its own share, and the genuine copy arrives', async () => {
  const [moki, hulk] = await couple();
  const other = await newPerson('other', { network: EntityType.Station });
  await introduce(other, moki);
  const store = memoryStore();
  const { station } = await relays(store, other);
  const neighbour = await Device.login(station, other);
  const sending = await Device.login(station, moki);
  const genuine = await wireOf(sending, 'genuine', hulk);
  const poison = async (from: number): Promise<void> => {
    for (let i = from; i < from + 20; i++) {
      const key = encodeBase64(new Uint8Array(128).fill(i));
      await neighbour.transport.send(bytesOf({ ...genuine, key, keys: {} }));
    }
  };
  await poison(0);
  expect(await stored(store)).toBe(4);
  await sending.transport.send(bytesOf(genuine));
  await poison(20);
  // Removed messages leave the disk with the next write.
  await sendAll(sending, ['another'], hulk);
  await station.stop();
  expect(await stored(store)).toBe(5);

  const second = await relays(store, other);
  const receiving = await Device.login(second.station, hulk, { lenient: true });
  await receiving.until(() => receiving.texts().includes('another'));
  expect(receiving.texts()).toEqual(['genuine', 'another']);
  await second.station.stop();
});

test('the copies of a group message are told apart by their keys: a poisoned one does not displace another member’s', async () => {
  const copy = (keys: object): string =>
    copyName({
      envelope: { sender: ANYONE, receiver: ANYONE, time: 1 },
      wire: { keys } as JsonObject,
    });
  expect(copy({ a: '1', b: '2' })).toBe(copy({ b: '2', a: '1' }));
  expect(copy({ a: '1', b: '2' })).not.toBe(copy({ a: '1', b: '3' }));
});

test('a full inbox refuses messages, and the sender is told', async () => {
  const [moki, hulk] = await couple();
  const store = memoryStore();
  const { station } = await openStation(store, { limits: { inboxMessages: 3 } });
  const sending = await Device.login(station, moki);
  await sendAll(sending, numbered(4), hulk);
  await sending.until(() => sending.receipts().length === 4);
  expect(sending.receipts().filter((text) => text === 'Message not accepted.')).toHaveLength(1);
  expect(await stored(store)).toBe(3);
  const receiving = await Device.login(station, hulk);
  await receiving.until(() => receiving.texts().length === 3);
  expect(receiving.texts()).toEqual(numbered(3));
  // There is room again.
  await sendAll(sending, ['more'], hulk);
  await receiving.until(() => receiving.texts().includes('more'));
  await station.stop();
});

test('the quota holds after a restart', async () => {
  const [moki, hulk] = await couple();
  const store = memoryStore();
  const limits = { inboxMessages: 2 };
  const { station } = await openStation(store, { limits });
  await sendAll(await Device.login(station, moki), numbered(2), hulk);
  await station.stop();
  const second = await openStation(store, { limits });
  const sending = await Device.login(second.station, moki);
  await sendAll(sending, ['too much'], hulk);
  await sending.until(() => sending.receipts().length > 0);
  expect(sending.receipts()).toEqual(['Message not accepted.']);
  await second.station.stop();
});

test('messages older than the retention are not delivered, and are removed from the disk', async () => {
  const [moki, hulk] = await couple();
  const store = memoryStore();
  const clock = manualClock(Date.now());
  const { station } = await openStation(store, { clock });
  const sending = await Device.login(station, moki);
  await sendAll(sending, numbered(3), hulk);
  await station.stop();
  clock.advance(8 * 24 * 60 * 60_000);
  const tasks: (() => void)[] = [];
  const second = await openStation(store, {
    clock,
    timers: {
      after(_, task) {
        tasks.push(() => void task());
        return { [Symbol.dispose]() {} };
      },
    },
  });
  for (let round = 0; round < 20 && (await stored(store)) > 0; round++) {
    for (const task of tasks.splice(0)) task();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect(await stored(store)).toBe(0);
  let days = 0;
  for await (const _ of store.list(['inbox-day'])) days += 1;
  expect(days).toBe(0);
  await second.station.stop();
});

test('a clock that is set back does not change the order of an inbox', async () => {
  const [moki, hulk] = await couple();
  const store = memoryStore();
  const clock = manualClock(Date.now());
  const { station } = await openStation(store, { clock });
  await sendAll(await Device.login(station, moki), numbered(2), hulk);
  await station.stop();
  clock.advance(-60_000);
  const second = await openStation(store, { clock });
  await sendAll(await Device.login(second.station, moki), numbered(2, 2), hulk);
  const receiving = await Device.login(second.station, hulk);
  await receiving.until(() => receiving.texts().length === 4);
  expect(receiving.texts()).toEqual(numbered(4));
  await second.station.stop();
});

test('the receiver gets all other messages if one record is damaged', async () => {
  const [moki, hulk] = await couple();
  const store = memoryStore();
  const { station } = await openStation(store);
  await sendAll(await Device.login(station, moki), numbered(3), hulk);
  await station.stop();
  const keys = [];
  for await (const [key] of store.list(['inbox'])) keys.push(key);
  await store.set(keys[1] ?? [], Uint8Array.of(9, 9, 9));
  const second = await openStation(store);
  const receiving = await Device.login(second.station, hulk);
  await receiving.until(() => receiving.texts().length === 2);
  expect(receiving.texts()).toEqual(['message 0', 'message 2']);
  await second.station.stop();
});
