import { setTimeout } from 'node:timers/promises';
import { systemTimers, type Timers } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { Text } from '@dimp/extensions/contents';
import { expect, test, vi } from 'vitest';
import { Device } from './device.ts';
import { introduce, newPerson, openStation } from './people.ts';

/** How much faster than ours the time of the station is. */
const HURRY = 100;

test('what nobody has needed for a minute or two is forgotten, and read again when it is needed', async () => {
  const store = memoryStore();
  const get = vi.spyOn(store, 'get');
  const start = Date.now();
  const timers: Timers = { after: (delay, task) => systemTimers.after(delay / HURRY, task) };
  const clock = { now: () => start + (Date.now() - start) * HURRY };
  const { station } = await openStation(store, { clock, timers });
  const [moki, hulk] = [await newPerson('moki'), await newPerson('hulk')];
  await introduce(moki, hulk);
  const sending = await Device.login(station, moki);
  const receiving = await Device.login(station, hulk);
  const readsOf = async (text: string): Promise<number> => {
    get.mockClear();
    await sending.send(Text.create({ text }), hulk.id);
    await receiving.until(() => receiving.texts().includes(text));
    return get.mock.calls.filter(([key]) => key.includes(moki.id.entity)).length;
  };
  await readsOf('first');
  expect(await readsOf('soon')).toBe(0);
  await setTimeout(200_000 / HURRY);
  expect(await readsOf('late')).toBeGreaterThan(0);
  expect(await readsOf('soon after')).toBe(0);
  await station.stop();
});
