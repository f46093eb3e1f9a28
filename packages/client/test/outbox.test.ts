import { receiptFor } from '@dimp/extensions/commands';
import { EntityType } from '@dimp/mkm';
import { describe, expect, test } from 'vitest';
import { protocol } from './people.ts';
import {
  acquaint,
  type Client,
  metaOf,
  onlyDelivery,
  outboxOf,
  text,
  twoPeers,
  visaOf,
  World,
} from './world.ts';

const HOUR = 60 * 60_000;
const DAY = 24 * HOUR;

describe('a message outlives the program', () => {
  test('while it waits for the receiver’s visa', async () => {
    const world = new World();
    const [moki, hulk] = [await world.join('moki'), await world.join('hulk')];
    await moki.messenger.send(text('hi'), hulk.id);
    await world.restart(moki);
    const delivery = await onlyDelivery(moki);
    expect(delivery.report).toMatchObject({ state: 'waiting', waitingFor: { for: 'visa' } });
    expect(delivery.content.body).toEqual({ text: 'hi' });
    await moki.facebook.saveMeta(await metaOf(hulk), hulk.id);
    await moki.facebook.saveDocument(await visaOf(hulk), hulk.id);
    await world.carry();
    expect(delivery.state).toBe('received');
    expect(hulk.shown).toEqual(['hi']);
    expect(await outboxOf(moki)).toEqual([]);
  });

  test('while it is queued', async () => {
    const { world, moki, hulk } = await twoPeers();
    moki.online = false;
    const { id } = await moki.messenger.send(text('hi'), hulk.id);
    await world.restart(moki);
    const delivery = await onlyDelivery(moki);
    expect(delivery).toMatchObject({ id, state: 'queued' });
    moki.online = true;
    moki.messenger.resume();
    await world.carry();
    expect(delivery.state).toBe('received');
    expect(hulk.shown).toEqual(['hi']);
  });

  test('while it is sent: it is sent again, and shown once', async () => {
    const { world, moki, hulk } = await twoPeers();
    await moki.messenger.send(text('hi'), hulk.id);
    await moki.messenger.idle();
    const [first] = moki.sent;
    if (first === undefined) expect.unreachable();
    await world.deliver(first.bytes, hulk);
    hulk.sent.length = 0;
    await world.restart(moki);
    const delivery = await onlyDelivery(moki);
    await world.carry();
    expect(delivery.state).toBe('received');
    expect(hulk.shown).toEqual(['hi']);
  });

  test('while it is delivered: it is not sent again, and the receipt still counts', async () => {
    const { world, moki, hulk } = await twoPeers();
    const { station, packet } = await delivered(world, moki, hulk);
    await world.restart(moki, { station: station.id });
    const delivery = await onlyDelivery(moki);
    expect(delivery.state).toBe('delivered');
    await world.live(HOUR, 10 * 60_000);
    expect(hulk.shown).toEqual([]);
    await world.deliver(packet.bytes, hulk);
    await world.carry();
    expect(delivery.state).toBe('received');
    expect(await outboxOf(moki)).toEqual([]);
  });

  test('when it was given up: it stays until it is discarded', async () => {
    const { world, moki, hulk } = await twoPeers();
    moki.online = false;
    await moki.messenger.send(text('hi'), hulk.id);
    await world.pass(7 * DAY + HOUR);
    await world.restart(moki);
    const delivery = await onlyDelivery(moki);
    expect(delivery.report).toMatchObject({
      state: 'failed',
      error: { code: 'transport/timeout' },
      settled: true,
    });
    await expect(delivery.reached('sent')).rejects.toMatchObject({ code: 'transport/timeout' });
    await delivery.discard();
    expect(await moki.messenger.deliveries()).toEqual([]);
    expect(await outboxOf(moki)).toEqual([]);
  });

  test('in its place: earlier messages go first, later ones follow', async () => {
    const { world, moki, hulk } = await twoPeers();
    moki.online = false;
    for (const words of ['one', 'two']) await moki.messenger.send(text(words), hulk.id);
    await world.restart(moki);
    await moki.messenger.send(text('three'), hulk.id);
    moki.online = true;
    moki.messenger.resume();
    await moki.messenger.idle();
    // The network turns them around.
    moki.sent.reverse();
    await world.carry();
    expect(hulk.shown).toEqual(['one', 'two', 'three']);
  });
});

/** A message that a station has confirmed. */
async function delivered(world: World, moki: Client, hulk: Client) {
  const station = await world.join('station', {
    network: EntityType.Station,
    screen: false,
  });
  await acquaint(moki, station);
  await moki.messenger.send(text('hi'), hulk.id);
  await moki.messenger.idle();
  const packet = moki.sent.shift();
  if (packet === undefined) expect.unreachable();
  const { envelope, signature } = protocol.parseMessage(packet.bytes);
  const receipt = receiptFor(envelope, 'Message is delivering.', { signature });
  const message = await station.messenger.pack(receipt, moki.id);
  if ('status' in message) expect.unreachable();
  await world.deliver(station.messenger.serialize(message), moki);
  return { station, packet };
}

describe('a message that is not confirmed', () => {
  test('is sent again with growing pauses, and shown once, even if programs are restarted meanwhile', async () => {
    const { world, moki, hulk } = await twoPeers();
    // Every receipt gets lost.
    world.loses = ({ to }) => to.entity === moki.id.entity;
    await moki.messenger.send(text('hi'), hulk.id);
    const arrivals: number[] = [];
    for (let minute = 0; minute < 90; minute++) {
      for (let n = await world.carry(); n > 0; n -= 1) arrivals.push(minute);
      await world.pass(60_000);
      if (minute === 20) await world.restart(hulk);
      if (minute === 40) await world.restart(moki);
      if (minute === 60) await Promise.all([world.restart(hulk), world.restart(moki)]);
    }
    expect(hulk.shown).toEqual(['hi']);
    expect(arrivals.length).toBeGreaterThan(12);
    const gaps = arrivals.slice(1).map((minute, index) => minute - (arrivals[index] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(11);
    expect(arrivals.filter((minute) => minute < 2).length).toBeGreaterThan(
      arrivals.filter((minute) => minute >= 10 && minute < 12).length,
    );
    world.loses = () => false;
    const delivery = await onlyDelivery(moki);
    await world.live(11 * 60_000, 60_000);
    expect(delivery.state).toBe('received');
    expect(hulk.shown).toEqual(['hi']);
  });

  test('is given up after as long as the policy says, and can be tried again, and that lasts', async () => {
    const { world, moki, hulk } = await twoPeers();
    const policy = { resend: { expiresAfter: HOUR } };
    await world.restart(moki, policy);
    hulk.online = false;
    const delivery = await moki.messenger.send(text('hi'), hulk.id);
    await world.live(2 * HOUR, 60_000);
    expect(delivery.report).toMatchObject({
      state: 'failed',
      error: { code: 'transport/timeout' },
    });
    moki.online = false;
    await delivery.retry();
    await delivery.retry();
    expect(delivery.report).toMatchObject({ state: 'queued', settled: false });
    expect(delivery.report).not.toHaveProperty('error');
    await world.restart(moki, policy);
    const again = await onlyDelivery(moki);
    expect(again.state).toBe('queued');
    hulk.online = true;
    moki.online = true;
    await world.live(20 * 60_000, 60_000);
    expect(again.state).toBe('received');
    expect(hulk.shown).toEqual(['hi']);
  });

  test('because there was no connection is not sent any more when there is one', async () => {
    const { world, moki, hulk } = await twoPeers();
    await world.restart(moki, { resend: { expiresAfter: 60_000 } });
    moki.online = false;
    const delivery = await moki.messenger.send(text('hi'), hulk.id);
    await world.pass(90_000);
    moki.online = true;
    moki.messenger.resume();
    await world.carry();
    expect(delivery.report).toMatchObject({
      state: 'failed',
      error: { code: 'transport/timeout' },
    });
    expect(hulk.shown).toEqual([]);
  });

  test('although a station has it, is given up as well', async () => {
    const { world, moki, hulk } = await twoPeers();
    await delivered(world, moki, hulk);
    const delivery = await onlyDelivery(moki);
    await world.pass(7 * DAY + HOUR);
    expect(delivery.report).toMatchObject({
      state: 'failed',
      error: { code: 'transport/timeout' },
    });
  });

  test('because its receiver stays unknown is given up, and can be tried again', async () => {
    const world = new World();
    const [moki, hulk] = [await world.join('moki'), await world.join('hulk')];
    const delivery = await moki.messenger.send(text('hi'), hulk.id);
    await world.pass(7 * DAY + HOUR);
    expect(delivery.report).toMatchObject({
      state: 'failed',
      error: { code: 'identity/not-found' },
    });
    await delivery.retry();
    expect(delivery.state).toBe('waiting');
    await world.pass(HOUR);
    expect(delivery.state).toBe('waiting');
    await acquaint(moki, hulk);
    await moki.messenger.idle();
    expect(delivery.state).toBe('sent');
  });
});
