import { systemClock } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { decodeRecordObject, encodeRecord } from '@dimp/endpoint';
import { type JsonObject, utf8Encode } from '@dimp/foundation';
import { expect, test } from 'vitest';
import { limitsOf, RateLimiter, Station, StationCommands, silentMetrics } from '../src/index.ts';
import { Device } from './support/device.ts';
import { oldMessage, withFirstBlock } from './support/legacy-messages.ts';
import { newPerson, openStation, type Person, tell } from './support/test-users.ts';

const RATE = { perSecond: 1e6, burst: 1e6 };

async function world(store = memoryStore()) {
  const first = await openStation(store);
  await first.station.stop();
  const {
    facebook,
    station: { id },
  } = first;
  const limits = limitsOf({ commandRate: RATE });
  const keeper = new RateLimiter({ limits, clock: systemClock, metrics: silentMetrics });
  const commands = new StationCommands({ facebook, id, keeper });
  const station = await Station.open({ facebook, id, keeper, commands });
  return { station, commands, facebook, store };
}

/** `{"time":1234567890`: eight digits of the time stand in the block that can be changed. */
function redated(wire: JsonObject, text: string, time: number): JsonObject {
  const before = text.slice(0, 16);
  return withFirstBlock(wire, before, `{"time":${String(time).slice(0, 8)}`);
}

function blockText(time: number, list: readonly string[]): string {
  return JSON.stringify({ time, type: 136, sn: 7, command: 'block', cmd: 'block', list });
}

test.each([[2], [65]])(
  'an old list is not accepted with a new date, nor that of the %i-th oldest command, nor after a restart',
  async (which) => {
    const { station, commands, facebook, store } = await world();
    const moki = await newPerson('moki');
    await tell(moki.facebook, { id: station.id, facebook } as Person);
    const device = await Device.login(station, moki);
    const start = Math.floor(Date.now() / 1000) - 500;
    const sent: [JsonObject, string][] = [];
    for (let count = 1; count <= which + 1; count++) {
      const list = [`n${count}@${moki.id.address.canonical}`];
      const text = blockText(start + count, list);
      const wire = await oldMessage(moki, station.id, text);
      sent.push([wire, text]);
      await device.transport.send(utf8Encode(JSON.stringify(wire)));
    }
    await device.until(() => device.receipts().length === which + 1);
    const stored = async (from: StationCommands) => (await from.lists.get('block', moki.id))?.list;
    const newest = [`n${which + 1}@${moki.id.address.canonical}`];
    expect(await stored(commands)).toEqual(newest);

    const [wire, text] = sent[which - 2] ?? expect.unreachable();
    const later = (Math.floor(Date.now() / 100_000) + 3) * 100;
    const replayed = redated(wire, text, later);
    const count = device.receipts().length;
    await device.transport.send(utf8Encode(JSON.stringify(replayed)));
    await device.until(() => device.receipts().length > count);
    expect(device.receipts().at(-1)).toBe('Block not changed.');
    expect(await stored(commands)).toEqual(newest);
    await station.stop();

    const second = await world(store);
    const again = await Device.login(second.station, moki);
    await again.transport.send(utf8Encode(JSON.stringify(replayed)));
    await again.until(() => again.receipts().length > 0);
    expect(again.receipts()).toEqual(['Block not changed.']);
    expect(await stored(second.commands)).toEqual(newest);
    await second.station.stop();
  },
);

test('a command with a new date that the station has never seen counts once: nothing proves that it is old', async () => {
  const { station, commands, facebook } = await world();
  const moki = await newPerson('moki');
  await tell(moki.facebook, { id: station.id, facebook } as Person);
  const device = await Device.login(station, moki);
  const text = blockText(Math.floor(Date.now() / 1000) - 500, [moki.id.text]);
  const wire = await oldMessage(moki, station.id, text);
  const later = (Math.floor(Date.now() / 100_000) + 1) * 100;
  for (const time of [later, later + 100]) {
    await device.transport.send(utf8Encode(JSON.stringify(redated(wire, text, time))));
  }
  await device.until(() => device.receipts().length === 2);
  expect(device.receipts()).toEqual(['Block received.', 'Block not changed.']);
  expect((await commands.lists.get('block', moki.id))?.list).toEqual([moki.id.text]);
  await station.stop();
});

test('more unproven changes than a record can remember are refused, and proven ones are accepted', async () => {
  const { commands, station, store } = await world();
  const moki = await newPerson('moki');
  const { lists } = commands;
  expect(await lists.save('mute', moki.id, 100, [], 'name 0')).toBe(true);
  const path = ['station', 'mute', moki.id.entity];
  const bytes = (await store.get(path)) ?? expect.unreachable();
  const names = Array.from({ length: 4095 }, (_, count) => `name ${count}`);
  const record = { ...decodeRecordObject(bytes, 'record'), doubtful: names };
  await store.set(path, encodeRecord(record));
  expect(await lists.save('mute', moki.id, 200, [], 'the last one')).toBe(true);
  await expect(lists.save('mute', moki.id, 9000, [], 'one more')).rejects.toMatchObject({
    code: 'policy/rate-limited',
  });
  expect(await lists.save('mute', moki.id, 9001, [moki.id])).toBe(true);
  // Remembered commands stay.
  expect(await lists.save('mute', moki.id, 9002, [], 'name 1')).toBe(false);
  expect((await lists.get('mute', moki.id))?.list).toEqual([moki.id.text]);
  await station.stop();
});
