import { receiptFor } from '@dimp/extensions/commands';
import { EntityType } from '@dimp/mkm';
import { describe, expect, test } from 'vitest';
import { protocol } from './people.ts';
import { acquaint, type Client, onlyDelivery, text, World } from './world.ts';

const STATION = { network: EntityType.Station, directory: true, screen: false } as const;
const HOUR = 60 * 60_000;
const DAY = 24 * HOUR;

/** A station that says to have what Moki sends, and drops it. */
async function scene() {
  const world = new World();
  const [moki, hulk] = [await world.join('moki'), await world.join('hulk')];
  const station = await world.join('station', STATION);
  await acquaint(moki, hulk, station);
  const delivery = await moki.messenger.send(text('hi'), hulk.id);
  await moki.messenger.idle();
  await saysDelivered(world, station, moki);
  expect(delivery.state).toBe('delivered');
  return { world, moki, hulk, station };
}

/** The station takes what Moki has sent to a person, says `Message delivered.`, and forgets it. @returns how many */
async function saysDelivered(world: World, station: Client, moki: Client): Promise<number> {
  const messages = moki.sent
    .splice(0)
    .map(({ bytes }) => protocol.parseMessage(bytes))
    .filter(({ envelope }) => !envelope.receiver.isBroadcast);
  for (const { envelope, signature } of messages) {
    const receipt = receiptFor(envelope, 'Message delivered.', { signature });
    const message = await station.messenger.pack(receipt, moki.id);
    if ('status' in message) expect.unreachable();
    await world.deliver(station.messenger.serialize(message), moki);
  }
  return messages.length;
}

describe('a message that a station says to have, and drops', () => {
  test('is offered again after hours, later each time and at last daily, until the receiver has it', async () => {
    const { world, moki, hulk, station } = await scene();
    const offered: number[] = [];
    for (let hour = 1; hour <= 60; hour++) {
      await world.pass(HOUR);
      if ((await saysDelivered(world, station, moki)) > 0) offered.push(hour);
    }
    // The messenger checks every ten minutes.
    expect(offered).toEqual([3, 5, 9, 17, 33, 57]);
    await world.pass(DAY);
    await world.carry();
    expect(hulk.shown).toEqual(['hi']);
    expect(await moki.messenger.deliveries()).toEqual([]);
  });

  test('is offered when it is time, however often the program was started meanwhile', async () => {
    const { world, moki, station } = await scene();
    const offers: number[] = [];
    for (let half = 1; half <= 10; half++) {
      await world.pass(HOUR / 2);
      await world.restart(moki);
      await moki.messenger.idle();
      if ((await saysDelivered(world, station, moki)) > 0) offers.push(half / 2);
    }
    expect(offers).toEqual([2, 4]);
  });

  test('waits while there is no connection, and is offered once when there is one again', async () => {
    const { world, moki, station } = await scene();
    moki.online = false;
    await world.pass(DAY);
    moki.online = true;
    moki.messenger.resume();
    await moki.messenger.idle();
    expect(await saysDelivered(world, station, moki)).toBe(1);
  });

  test('is offered to another station soon, because that one may do better', async () => {
    const { world, moki, station } = await scene();
    const other = await world.join('other', STATION);
    await acquaint(moki, other);
    await world.pass(11 * 60_000);
    await world.restart(moki, { station: other.id });
    await moki.messenger.idle();
    expect(await saysDelivered(world, other, moki)).toBe(1);
    // Now that one has it, and is given time.
    await world.pass(30 * 60_000);
    expect(await saysDelivered(world, other, moki)).toBe(0);
    await world.restart(moki, { station: station.id });
    await moki.messenger.idle();
    expect((await onlyDelivery(moki)).state).toBe('delivered');
  });

  test('is given up like any other when it is too old, and the sender is told', async () => {
    const { world, moki } = await scene();
    const delivery = await onlyDelivery(moki);
    await world.pass(8 * DAY);
    expect(delivery.report).toMatchObject({
      state: 'failed',
      error: { code: 'transport/timeout' },
    });
  });
});
