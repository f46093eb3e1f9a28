import { systemTimers, type Timers } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { Text } from '@dimp/extensions/contents';
import { expect, test, vi } from 'vitest';
import { HandClock } from './support/command-fixture.ts';
import { Device } from './support/device.ts';
import { introduce, newPerson, openStation } from './support/test-users.ts';

test('data that was not used for two minutes is dropped from memory, and read again when needed', async () => {
  const store = memoryStore();
  const get = vi.spyOn(store, 'get');
  const clock = new HandClock();
  // The test decides when the station does its periodic work.
  let sweep: () => unknown = () => expect.unreachable();
  const timers: Timers = {
    after(delay, task) {
      if (delay < 10_000) return systemTimers.after(delay, task);
      sweep = task;
      return { [Symbol.dispose]: () => {} };
    },
  };
  const passMinute = () => {
    clock.time += 60_000;
    sweep();
  };
  const { station } = await openStation(store, { clock, timers });
  const [moki, hulk] = [await newPerson('moki'), await newPerson('hulk')];
  await introduce(moki, hulk);
  const sending = await Device.login(station, moki);
  const receiving = await Device.login(station, hulk);
  const readsOf = async (text: string): Promise<number> => {
    get.mockClear();
    const told = sending.receipts().length;
    await sending.send(Text.create({ text }), hulk.id);
    await receiving.until(() => receiving.texts().includes(text));
    // The receipt is for them, too.
    await sending.until(() => sending.receipts().length > told);
    return get.mock.calls.filter(([key]) => key.includes(moki.id.entity)).length;
  };
  await readsOf('first');
  passMinute();
  expect(await readsOf('a minute later')).toBe(0);
  passMinute();
  passMinute();
  expect(await readsOf('late')).toBeGreaterThan(0);
  expect(await readsOf('soon after')).toBe(0);
  await station.stop();
});
