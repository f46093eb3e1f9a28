import type { Store } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { Text } from '@dimp/extensions/contents';
import type { Json } from '@dimp/foundation';
import { manualClock } from '@dimp/testing/clock';
import { expect, test } from 'vitest';
import type { StationOptions } from '../src/index.ts';
import { Device } from './support/device.ts';
import { introduce, newPerson, openStation } from './support/test-users.ts';

const MINUTE = 60_000;

/** A person who is logged in, and one who is not. */
async function world(options: Partial<StationOptions> = {}) {
  const [moki, hulk] = [await newPerson('moki'), await newPerson('hulk')];
  await introduce(moki, hulk);
  const store = memoryStore();
  const clock = manualClock(Date.now());
  const { station } = await openStation(store, { clock, ...options });
  const sending = await Device.login(station, moki);
  const say = (text: string, until: Json): Promise<void> =>
    sending.sendChanged(Text.create({ text }), hulk.id, (wire) => ({ ...wire, until }));
  /** Seconds since the epoch, some time from now. */
  const inMs = (ms: number): number => (clock.now() + ms) / 1000;
  return { store, clock, station, sending, say, inMs, moki, hulk };
}

async function stored(store: Store): Promise<number> {
  let count = 0;
  for await (const _ of store.list(['inbox'])) count += 1;
  return count;
}

test('a message that is worthless within a minute reaches a receiver who is online', async () => {
  const { station, say, inMs, hulk } = await world();
  const here = await Device.login(station, hulk);
  await say('typing', inMs(6000));
  await here.until(() => here.texts().length > 0);
  expect(here.texts()).toEqual(['typing']);
  expect(JSON.parse(here.raw.at(-1) ?? '')).toHaveProperty('until');
  await station.stop();
});

test('it is acknowledged and not stored for a receiver who is offline, and the sender gets no receipt for it', async () => {
  const { store, station, sending, say, inMs, hulk } = await world();
  // Whom moki knows: a stranger would be told something either way.
  const here = await Device.login(station, hulk);
  await here.send(Text.create({ text: 'hello' }), sending.person.id);
  await sending.until(() => sending.texts().length > 0);
  await here.close();
  await say('typing', inMs(59_000));
  expect(await stored(store)).toBe(0);
  await say('waits', inMs(2 * MINUTE));
  expect(await stored(store)).toBe(1);
  await sending.until(() => sending.receipts().length > 0);
  expect(sending.receipts()).toEqual(['Message cached.']);
  const back = await Device.login(station, hulk);
  await back.until(() => back.texts().length > 0);
  expect(back.texts()).toEqual(['waits']);
  await station.stop();
});

test('a stored message is not delivered after its time, also by a restarted station, and is removed from the disk', async () => {
  const { store, clock, station, say, inMs, hulk } = await world();
  await say('too late', inMs(5 * MINUTE));
  await say('in time', inMs(15 * MINUTE));
  expect(await stored(store)).toBe(2);
  await station.stop();
  clock.advance(10 * MINUTE);
  const second = await openStation(store, { clock });
  const back = await Device.login(second.station, hulk);
  await back.until(() => back.texts().length > 0);
  expect(back.texts()).toEqual(['in time']);
  await second.station.stop();
  expect(await stored(store)).toBe(0);
});

test('a message that waits in memory for a slow device is not sent to it after its time', async () => {
  const { store, clock, station, say, inMs, hulk } = await world({ limits: { window: 1 } });
  const here = await Device.login(station, hulk);
  here.holds = true;
  await say('first', inMs(5 * MINUTE));
  await here.until(() => here.held.length === 1);
  await say('too late', inMs(5 * MINUTE));
  await say('last', inMs(60 * MINUTE));
  clock.advance(10 * MINUTE);
  here.holds = false;
  for (const arrival of here.held.splice(0)) arrival.acknowledge();
  await here.until(() => here.texts().length === 2);
  expect(here.texts()).toEqual(['first', 'last']);
  await station.stop();
  expect(await stored(store)).toBe(0);
});

test('a message whose time is over on arrival is acknowledged and dropped', async () => {
  const { store, station, say, inMs, hulk } = await world();
  const here = await Device.login(station, hulk);
  await say('over', inMs(-1));
  await say('long over', -1e300);
  await say('now', inMs(MINUTE));
  await here.until(() => here.texts().length > 0);
  expect(here.texts()).toEqual(['now']);
  await station.stop();
  expect(await stored(store)).toBe(0);
});

test.each<Json>(['soon', null, true, [0], { at: 0 }, 1e306])(
  'until is ignored if it is %j: not a finite number of milliseconds',
  async (until) => {
    const { store, station, say } = await world();
    await say('kept', until);
    expect(await stored(store)).toBe(1);
    await station.stop();
  },
);

test('a stranger gets the same receipt whether the receiver of a short-lived message is online or not', async () => {
  const { station, sending, inMs } = await world();
  const [online, offline] = [await newPerson('online'), await newPerson('offline')];
  await introduce(sending.person, online);
  await introduce(sending.person, offline);
  const here = await Device.login(station, online);
  for (const { id } of [online, offline]) {
    const before = sending.receipts().length;
    await sending.sendChanged(Text.create({ text: 'typing' }), id, (wire) => ({
      ...wire,
      until: inMs(6000),
    }));
    await sending.until(() => sending.receipts().length > before);
  }
  await here.until(() => here.texts().length > 0);
  expect(sending.receipts()).toEqual(['Message cached.', 'Message cached.']);
  await station.stop();
});
