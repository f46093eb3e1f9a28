import type { Store } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { Report } from '@dimp/extensions/commands';
import { Text } from '@dimp/extensions/contents';
import { manualClock } from '@dimp/testing/clock';
import { expect, test } from 'vitest';
import type { CommandProcessor } from '../src/index.ts';
import { Device } from './support/device.ts';
import { FRIENDS, introduce, newPerson, openStation, type Person } from './support/test-users.ts';

/** Only the part of the directory that handles reports. */
const reports: CommandProcessor = {
  async process({ content, session }) {
    if (content.kind !== 'report') return undefined;
    session?.setActive((content.body as { title: string }).title === 'online');
    return [];
  },
};

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

/** Acknowledges what a device holds, until it holds nothing any more. */
async function acknowledgeAll(device: Device, enough: () => boolean): Promise<void> {
  await device.until(() => {
    for (const arrival of device.held.splice(0)) arrival.acknowledge();
    return enough();
  });
}

test('a session gets no more messages than the window allows, and the rest as it acknowledges', async () => {
  const [moki, hulk] = await couple();
  const { station } = await openStation(memoryStore(), { limits: { window: 4 } });
  const sending = await Device.login(station, moki);
  const receiving = await Device.login(station, hulk);
  receiving.holds = true;
  await sendAll(sending, numbered(10), hulk);
  await receiving.until(() => receiving.held.length === 4);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(receiving.held).toHaveLength(4);
  receiving.held.shift()?.acknowledge();
  await receiving.until(() => receiving.texts().length === 5);
  await acknowledgeAll(receiving, () => receiving.texts().length === 10);
  expect(receiving.texts()).toEqual(numbered(10));
  await station.stop();
});

test('messages that arrive while the inbox is being delivered are queued behind it', async () => {
  const [moki, hulk] = await couple();
  const { station } = await openStation(memoryStore(), { limits: { window: 2 } });
  const sending = await Device.login(station, moki);
  await sendAll(sending, numbered(8), hulk);
  const receiving = new Device(station, hulk);
  await receiving.login(station.id);
  receiving.holds = true;
  await sendAll(sending, numbered(8, 8), hulk);
  await acknowledgeAll(receiving, () => receiving.texts().length === 16);
  expect(receiving.texts()).toEqual(numbered(16));
  await station.stop();
});

test('a slow device gets from the disk what memory cannot hold, in order', async () => {
  const [moki, hulk] = await couple();
  const store = memoryStore();
  const { station } = await openStation(store);
  const sending = await Device.login(station, moki);
  const receiving = await Device.login(station, hulk);
  receiving.holds = true;
  await sendAll(sending, numbered(400), hulk);
  expect(await stored(store)).toBe(400);
  await acknowledgeAll(receiving, () => receiving.texts().length === 400);
  expect(receiving.texts()).toEqual(numbered(400));
  await station.stop();
});

test('both devices of a user get a message, and it stays until both have it', async () => {
  const [moki, hulk] = await couple();
  const store = memoryStore();
  const { station } = await openStation(store);
  const sending = await Device.login(station, moki);
  const quick = await Device.login(station, hulk);
  const slow = await Device.login(station, hulk);
  slow.holds = true;
  await sendAll(sending, numbered(3), hulk);
  await quick.until(() => quick.texts().length === 3);
  await slow.until(() => slow.held.length === 3);
  expect(await stored(store)).toBe(3);
  for (const arrival of slow.held) arrival.acknowledge();
  await station.stop();
  expect(await stored(store)).toBe(0);
  expect([quick.texts(), slow.texts()]).toEqual([numbered(3), numbered(3)]);
});

test('a device that is behind still gets what the other device acknowledged long ago', async () => {
  const [moki, hulk] = await couple();
  const store = memoryStore();
  const { station } = await openStation(store, { limits: { window: 2 } });
  const sending = await Device.login(station, moki);
  const quick = await Device.login(station, hulk);
  const slow = await Device.login(station, hulk);
  slow.holds = true;
  await sendAll(sending, numbered(6), hulk);
  await quick.until(() => quick.texts().length === 6);
  expect(slow.texts()).toHaveLength(2);
  expect(await stored(store)).toBe(6);
  await acknowledgeAll(slow, () => slow.texts().length === 6);
  expect(slow.texts()).toEqual(numbered(6));
  await acknowledgeAll(slow, () => true);
  await station.stop();
  expect(await stored(store)).toBe(0);
});

test('a device that disconnects before it acknowledges gets the message again, and the other device does not', async () => {
  const [moki, hulk] = await couple();
  const store = memoryStore();
  const { station } = await openStation(store, { acquaintances: FRIENDS });
  const sending = await Device.login(station, moki);
  const lost = await Device.login(station, hulk);
  lost.holds = true;
  await sendAll(sending, ['important'], hulk);
  await lost.until(() => lost.held.length === 1);
  await lost.close();
  await sending.until(() => sending.receipts().length > 0);
  // The receipt for waiting came only when no device was left.
  expect(sending.receipts()).toEqual(['Message cached.']);
  expect(await stored(store)).toBe(1);
  const back = await Device.login(station, hulk);
  await back.until(() => back.texts().length > 0);
  expect(back.texts()).toEqual(['important']);
  await sending.until(() => sending.receipts().length === 2);
  expect(sending.receipts()).toEqual(['Message cached.', 'Message delivered.']);
  await station.stop();
  expect(await stored(store)).toBe(0);
});

test('a session that reports offline gets nothing until it reports online', async () => {
  const [moki, hulk] = await couple();
  const { station } = await openStation(memoryStore(), { commands: reports });
  const sending = await Device.login(station, moki);
  const receiving = await Device.login(station, hulk);
  await receiving.send(Report.create({ title: 'offline' }), station.id);
  await sendAll(sending, numbered(2), hulk);
  await sending.until(() => sending.receipts().length === 2);
  expect(sending.receipts()).toEqual(['Message cached.', 'Message cached.']);
  expect(receiving.texts()).toEqual([]);
  await receiving.send(Report.create({ title: 'online' }), station.id);
  await receiving.until(() => receiving.texts().length === 2);
  expect(receiving.texts()).toEqual(numbered(2));
  expect(receiving.transport.closed).toBe(false);
  await station.stop();
});

test('a session that does not acknowledge what is pushed to it is closed', async () => {
  const [moki, hulk] = await couple();
  const clock = manualClock(Date.now());
  const sweeps: (() => void)[] = [];
  const { station } = await openStation(memoryStore(), {
    clock,
    timers: {
      after(delay, task) {
        if (delay >= 10_000) sweeps.push(() => void task());
        else setTimeout(() => void task(), delay);
        return { [Symbol.dispose]() {} };
      },
    },
  });
  const sending = await Device.login(station, moki);
  const receiving = await Device.login(station, hulk);
  receiving.holds = true;
  await sendAll(sending, ['unread'], hulk);
  await receiving.until(() => receiving.held.length === 1);
  for (const sweep of sweeps.splice(0)) sweep();
  expect(receiving.transport.closed).toBe(false);
  clock.advance(61_000);
  for (const sweep of sweeps.splice(0)) sweep();
  await receiving.served;
  expect(sending.transport.closed).toBe(false);
  await station.stop();
});

test('a neighbour takes the messages of users who are logged in there, and the sender is told', async () => {
  const [moki, hulk] = await couple();
  const relayed: Uint8Array[] = [];
  const sink = {
    id: 'elsewhere',
    kind: 'neighbour' as const,
    async send(payload: Uint8Array) {
      relayed.push(payload.slice());
    },
  };
  let there = false;
  const store = memoryStore();
  const { station } = await openStation(store, {
    acquaintances: FRIENDS,
    neighbours: { trusts: () => false, sinksOf: () => (there ? [sink] : []), async broadcast() {} },
  });
  const sending = await Device.login(station, moki);
  await sendAll(sending, ['before'], hulk);
  await sending.until(() => sending.receipts().length === 1);
  there = true;
  station.routeChanged(hulk.id);
  await sending.until(() => sending.receipts().length === 2);
  await sendAll(sending, ['after'], hulk);
  await sending.until(() => sending.receipts().length === 3);
  expect(sending.receipts()).toEqual([
    'Message cached.',
    'Message redirected.',
    'Message redirected.',
  ]);
  expect(relayed).toHaveLength(2);
  // A user who is online here gets their messages here.
  const receiving = await Device.login(station, hulk);
  await sendAll(sending, ['here'], hulk);
  await receiving.until(() => receiving.texts().length > 0);
  expect(relayed).toHaveLength(2);
  await station.stop();
  expect(await stored(store)).toBe(0);
});
