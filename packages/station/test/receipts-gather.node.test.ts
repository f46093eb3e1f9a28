import { silentLogger, Transceiver, type Transport } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { VirtualTime } from '@dimp/testing/network';
import { expect, test } from 'vitest';
import { limitsOf } from '../src/index.ts';
import { silentMetrics } from '../src/metrics/metrics.ts';
import { Receipts } from '../src/receipts/receipts.ts';
import { Sessions } from '../src/session/sessions.ts';
import { StationSigner } from '../src/session/station-signer.ts';
import { newPerson, openStation, tell } from './support/test-users.ts';

/** Receipts for one user, one every ten milliseconds for a second. @returns when messages left, and receipts in them */
async function receiptsOfASecond(busy: boolean): Promise<{ times: number[]; receipts: number }> {
  const { station, facebook } = await openStation(memoryStore());
  const [moki, hulk] = [await newPerson('moki'), await newPerson('hulk')];
  await tell(facebook, moki);
  const time = new VirtualTime();
  const start = time.now();
  const times: number[] = [];
  let receipts = 0;
  const metrics = {
    ...silentMetrics,
    add: (name: string, count: number) => {
      if (name === 'receipts.sent') receipts += count;
    },
  };
  const transport: Transport = {
    incoming: { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) },
    send: async () => {
      times.push(time.now() - start);
    },
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
  const sessions = new Sessions({ clock: time, limits: limitsOf(), metrics });
  sessions.login(
    sessions.open(transport, { address: '127.0.0.1', port: 1, secure: false }),
    moki.id,
    false,
  );
  const told = new Receipts({
    signer: new StationSigner(station.id, new Transceiver({ barrack: facebook })),
    sessions,
    timers: time,
    clock: time,
    logger: silentLogger,
    metrics,
    busy: () => busy,
  });
  const envelope = { sender: moki.id, receiver: hulk.id, time: 1, type: '1' };
  for (let i = 0; i < 100; i++) {
    time.after(i * 10, () =>
      told.notify({ envelope, signature: new Uint8Array(64) }, 'Message cached.'),
    );
  }
  await time.run();
  await station.stop();
  return { times, receipts };
}

test('while the station is busy, the first receipt is sent at once, and the next ones together and a little later', async () => {
  const { times, receipts } = await receiptsOfASecond(true);
  expect(receipts).toBe(100);
  expect(times[0]).toBeLessThanOrEqual(10);
  expect(times.length).toBeLessThanOrEqual(6);
  for (const [index, at] of times.entries()) {
    const before = times[index - 1];
    if (before === undefined) continue;
    expect(at - before).toBeGreaterThanOrEqual(250);
    expect(at - before).toBeLessThan(300);
  }
});

test('while the station is idle, no receipt waits for another', async () => {
  const { times, receipts } = await receiptsOfASecond(false);
  expect(receipts).toBe(100);
  expect(times).toEqual(times.map((_, index) => index * 10 + 1));
  expect(times).toHaveLength(100);
});
