import { Receipt, receiptFor } from '@dimp/extensions/commands';
import { EntityType } from '@dimp/mkm';
import { describe, expect, test } from 'vitest';
import type { DeliveryReport } from '../src/index.ts';
import { protocol } from './people.ts';
import { acquaint, metaOf, text, visaOf, World } from './world.ts';

const STATION = { network: EntityType.Station, directory: true, screen: false } as const;

async function twoStrangers() {
  const world = new World();
  const [moki, hulk] = [await world.join('moki'), await world.join('hulk')];
  return { world, moki, hulk };
}

describe('the state of a message', () => {
  test('goes from queued over sent and delivered to received, each told once', async () => {
    const { world, moki, hulk } = await twoStrangers();
    const station = await world.join('station', STATION);
    await acquaint(moki, hulk, station);
    moki.online = false;
    const delivery = await moki.messenger.send(text('hi'), hulk.id);
    const told: DeliveryReport[] = [];
    delivery.on('state', (report) => told.push(report));
    await moki.messenger.idle();
    expect(delivery.state).toBe('queued');
    moki.online = true;
    moki.messenger.resume();
    await moki.messenger.idle();
    expect(delivery.state).toBe('sent');

    const [packet] = moki.sent;
    if (packet === undefined) expect.unreachable();
    const { envelope, signature } = protocol.parseMessage(packet.bytes);
    const receipt = receiptFor(envelope, 'Message is delivering.', { signature });
    const message = await station.messenger.pack(receipt, moki.id);
    if ('status' in message) expect.unreachable();
    await world.deliver(station.messenger.serialize(message), moki);
    expect(delivery.report).toMatchObject({
      state: 'delivered',
      receipt: 'Message is delivering.',
    });

    await world.carry();
    expect(hulk.shown).toEqual(['hi']);
    expect(told.map(({ state }) => state)).toEqual(['sent', 'delivered', 'received']);
    expect(told.map(({ settled }) => settled)).toEqual([false, false, true]);
    expect(await delivery.settled).toBe('received');
    expect(await moki.messenger.deliveries()).toEqual([]);
  });

  test('is waiting until the receiver can be encrypted for, and says for what', async () => {
    const { world, moki, hulk } = await twoStrangers();
    const delivery = await moki.messenger.send(text('hi'), hulk.id);
    expect(delivery.report).toMatchObject({
      state: 'waiting',
      waitingFor: { for: 'visa', id: { entity: hulk.id.entity } },
    });
    await moki.facebook.saveMeta(await metaOf(hulk), hulk.id);
    await moki.messenger.idle();
    expect(delivery.state).toBe('waiting');
    await moki.facebook.saveDocument(await visaOf(hulk), hulk.id);
    await world.carry();
    expect(delivery.report).toMatchObject({ state: 'received', settled: true });
    expect(delivery.report).not.toHaveProperty('waitingFor');
    expect(hulk.shown).toEqual(['hi']);
  });

  test('messages written while waiting are sent in order, before later ones', async () => {
    const { world, moki, hulk } = await twoStrangers();
    for (const words of ['one', 'two', 'three']) await moki.messenger.send(text(words), hulk.id);
    await moki.facebook.saveMeta(await metaOf(hulk), hulk.id);
    await Promise.all([
      moki.facebook.saveDocument(await visaOf(hulk), hulk.id),
      moki.messenger.send(text('four'), hulk.id),
    ]);
    await world.carry();
    expect(hulk.shown).toEqual(['one', 'two', 'three', 'four']);
  });

  test('can be waited for: reached resolves at the state or beyond, and rejects with why it was given up', async () => {
    const { world, moki, hulk } = await twoStrangers();
    await acquaint(moki, hulk);
    const delivery = await moki.messenger.send(text('hi'), hulk.id);
    const impatient = new AbortController();
    const aborted = delivery.reached('received', impatient.signal);
    impatient.abort(new RangeError('no longer'));
    await expect(aborted).rejects.toBeInstanceOf(RangeError);
    const sent = delivery.reached('sent');
    const received = delivery.reached('received');
    await world.carry();
    await Promise.all([sent, received, delivery.reached('delivered')]);

    moki.online = false;
    const cancelled = await moki.messenger.send(text('no'), hulk.id);
    const hopeless = expect(cancelled.reached('sent')).rejects.toMatchObject({
      code: 'state/stopped',
    });
    expect(await cancelled.cancel()).toBe(true);
    await hopeless;
    expect(await cancelled.settled).toBe('failed');
  });

  test('of a message without receipts ends with sent', async () => {
    const { world, moki, hulk } = await twoStrangers();
    const bot = await world.join('bot', { network: EntityType.Bot });
    await acquaint(moki, hulk, bot);
    const delivery = await moki.messenger.send(text('hi'), bot.id);
    const never = expect(delivery.reached('received')).rejects.toMatchObject({
      code: 'state/stopped',
    });
    await world.carry();
    expect(await delivery.settled).toBe('sent');
    await never;
    expect(bot.shown).toEqual(['hi']);
    expect(await moki.messenger.deliveries()).toEqual([]);
  });

  test('of a message that is under way when the messenger stops: reached rejects, settled tells the last one', async () => {
    const { moki, hulk } = await twoStrangers();
    await acquaint(moki, hulk);
    const delivery = await moki.messenger.send(text('hi'), hulk.id);
    await moki.messenger.idle();
    const rejected = expect(delivery.reached('received')).rejects.toMatchObject({
      code: 'state/stopped',
    });
    await moki.messenger.close();
    await rejected;
    await expect(delivery.reached('received')).rejects.toMatchObject({ code: 'state/stopped' });
    expect(await delivery.settled).toBe('sent');
    for (const refused of [delivery.cancel(), delivery.retry(), delivery.discard()]) {
      await expect(refused).rejects.toMatchObject({ code: 'state/stopped' });
    }
  });
});

describe('a receipt', () => {
  async function sentMessage() {
    const { world, moki, hulk } = await twoStrangers();
    const eve = await world.join('eve');
    const station = await world.join('station', STATION);
    await acquaint(moki, hulk, eve, station);
    const delivery = await moki.messenger.send(text('hi'), hulk.id);
    await moki.messenger.idle();
    const packet = moki.sent.shift();
    if (packet === undefined) expect.unreachable();
    const { envelope, signature } = protocol.parseMessage(packet.bytes);
    const { sn } = delivery.content;
    const receive = async (
      from: typeof moki,
      words: string,
      origin: Parameters<typeof receiptFor>[2],
      of = envelope,
    ) => {
      const message = await from.messenger.pack(receiptFor(of, words, origin), moki.id);
      if ('status' in message) expect.unreachable();
      await world.deliver(from.messenger.serialize(message), moki);
    };
    return { world, moki, hulk, eve, station, delivery, packet, envelope, signature, sn, receive };
  }

  test('of the receiver counts by signature or, without one, by serial number', async () => {
    const one = await sentMessage();
    await one.receive(one.hulk, 'Got it.', { signature: one.signature });
    expect(one.delivery.report).toMatchObject({ state: 'received', receipt: 'Got it.' });
    const two = await sentMessage();
    await two.receive(two.hulk, 'Got it.', { sn: two.sn });
    expect(two.delivery.state).toBe('received');
  });

  test('of a third person changes nothing, not even the text that is shown', async () => {
    const { eve, delivery, signature, sn, receive, moki } = await sentMessage();
    await receive(eve, 'Message received.', { signature, sn });
    await receive(eve, 'Message is blocked by hulk', { sn });
    expect(delivery.report).toMatchObject({ state: 'sent', settled: false });
    expect(delivery.report).not.toHaveProperty('receipt');
    // It is not answered either.
    expect(moki.sent).toEqual([]);
  });

  test('for another message changes nothing', async () => {
    const { hulk, eve, delivery, signature, sn, envelope, receive } = await sentMessage();
    await receive(hulk, 'x', { signature: signature.map((byte) => byte ^ 1), sn });
    await receive(hulk, 'x', { sn: sn + 1 });
    await receive(hulk, 'x', {});
    await receive(hulk, 'x', { signature, sn }, { ...envelope, sender: eve.id });
    expect(delivery.state).toBe('sent');
    expect(delivery.report).not.toHaveProperty('receipt');
  });

  test('without an origin changes nothing', async () => {
    const { world, hulk, moki, delivery } = await sentMessage();
    const message = await hulk.messenger.pack(
      Receipt.create({ text: 'Message received.' }),
      moki.id,
    );
    if ('status' in message) expect.unreachable();
    await world.deliver(hulk.messenger.serialize(message), moki);
    expect(delivery.state).toBe('sent');
  });

  test('by which a station refuses ends the message with a code', async () => {
    for (const [words, code] of [
      ['Message is blocked by hulk', 'policy/blocked'],
      ['Permission denied.', 'policy/unauthorized'],
      ['Message not accepted.', 'store/quota'],
      ['Message too large.', 'format/limit'],
      ['Message not valid.', 'crypto/signature'],
      ['Message not delivered.', 'transport/refused'],
      ['Too many messages.', 'policy/rate-limited'],
    ] as const) {
      const { station, delivery, signature, receive } = await sentMessage();
      await receive(station, words, { signature });
      expect(delivery.report).toMatchObject({ state: 'failed', error: { code }, receipt: words });
    }
  });

  test('by which a station refuses in words of its own ends the message with the code that it carries', async () => {
    const { station, delivery, signature, receive } = await sentMessage();
    const code = 'policy/unauthorized';
    await receive(station, 'Too long for us.', { signature, code });
    expect(delivery.report).toMatchObject({
      state: 'failed',
      error: { code },
      receipt: 'Too long for us.',
    });
  });

  test('of a station with unknown words or an unknown code is shown, and does not end the message', async () => {
    const { station, delivery, signature, receive } = await sentMessage();
    await receive(station, 'Too long for us.', { signature });
    expect(delivery.report).toMatchObject({ state: 'sent', receipt: 'Too long for us.' });
    await receive(station, 'Later, perhaps.', { signature, code: 'store/unavailable' });
    expect(delivery.report).toMatchObject({ state: 'sent', receipt: 'Later, perhaps.' });
    await receive(station, 'Message cached.', { signature });
    expect(delivery.report).toMatchObject({ state: 'delivered', receipt: 'Message cached.' });
  });

  test('of a station that only knows the serial number is not believed while ours is not known', async () => {
    const { station, delivery, sn, receive } = await sentMessage();
    await receive(station, 'Message is blocked by hulk', { sn });
    expect(delivery.state).toBe('sent');
  });

  test('of another station than the one we have dialled changes nothing', async () => {
    const { world, moki, station, hulk, signature, sn, receive } = await sentMessage();
    const other = await world.join('other', STATION);
    await acquaint(moki, other);
    await world.restart(moki, { station: station.id });
    const [delivery] = await moki.messenger.deliveries();
    if (delivery === undefined) expect.unreachable();
    await receive(other, 'Message is blocked by hulk', { signature, sn });
    expect(delivery.state).toBe('sent');
    await receive(station, 'Message is delivering.', { sn });
    expect(delivery.state).toBe('delivered');
    // What a station has, the receiver may have meanwhile: it cannot be refused any more.
    await receive(station, 'Message is blocked by hulk', { signature, sn });
    expect(delivery.state).toBe('delivered');
    await receive(hulk, 'Message received.', { signature });
    expect(delivery.state).toBe('received');
  });
});
