import { Forward } from '@dimp/extensions/contents';
import { ProtocolError } from '@dimp/foundation';
import { ANYONE } from '@dimp/mkm';
import { failingStore } from '@dimp/testing/stores';
import { describe, expect, test } from 'vitest';
import { createGroup, Facebook, Messenger } from '../src/index.ts';
import { protocol } from './people.ts';
import { acquaint, onlyDelivery, outboxOf, text, twoPeers, World } from './world.ts';

describe('cancel', () => {
  test('cancels a message that has not left, and the next message does not wait for it', async () => {
    const { world, moki, hulk } = await twoPeers();
    moki.online = false;
    const delivery = await moki.messenger.send(text('never'), hulk.id);
    expect(await delivery.cancel()).toBe(true);
    expect(delivery.report).toMatchObject({ state: 'failed', error: { code: 'state/stopped' } });
    expect(await moki.messenger.deliveries()).toEqual([]);
    expect(await outboxOf(moki)).toEqual([]);
    expect(await delivery.cancel()).toBe(false);
    await moki.messenger.send(text('instead'), hulk.id);
    moki.online = true;
    moki.messenger.resume();
    await world.carry();
    expect(hulk.shown).toEqual(['instead']);
  });

  test('cancels a waiting message, and those behind it go on', async () => {
    const world = new World();
    const [moki, hulk] = [await world.join('moki'), await world.join('hulk')];
    const first = await moki.messenger.send(text('never'), hulk.id);
    await moki.messenger.send(text('instead'), hulk.id);
    expect(await first.cancel()).toBe(true);
    await acquaint(moki, hulk);
    await world.carry();
    expect(hulk.shown).toEqual(['instead']);
  });

  test('is too late when the message has been sent, also in an earlier run', async () => {
    const { world, moki, hulk } = await twoPeers();
    const delivery = await moki.messenger.send(text('hi'), hulk.id);
    await moki.messenger.idle();
    expect(await delivery.cancel()).toBe(false);
    moki.online = false;
    await world.restart(moki);
    const later = await onlyDelivery(moki);
    expect(later.state).toBe('queued');
    expect(await later.cancel()).toBe(false);
  });

  test('is too late while the transport has the message in its hands', async () => {
    const { world, moki, hulk } = await twoPeers();
    let take = (): void => {};
    const taking = new Promise<void>((resolve) => {
      take = resolve;
    });
    let begun = (): void => {};
    const inHand = new Promise<void>((resolve) => {
      begun = resolve;
    });
    await world.restart(moki, {
      sendPackage: () => {
        begun();
        return taking;
      },
    });
    const delivery = await moki.messenger.send(text('hi'), hulk.id);
    await inHand;
    expect(await delivery.cancel()).toBe(false);
    take();
    await moki.messenger.idle();
    expect(delivery.state).toBe('sent');
  });

  test('of a group message whose members are not known ends as failed, not as received', async () => {
    const { moki, hulk } = await twoPeers();
    const group = await createGroup('team', {
      facebook: hulk.facebook,
      founder: hulk.id,
      members: [moki.id],
    });
    const delivery = await moki.messenger.send(text('hi'), group.id);
    expect(delivery.report).toMatchObject({ state: 'waiting', waitingFor: { for: 'members' } });
    expect(await delivery.cancel()).toBe(true);
    expect(delivery.report).toMatchObject({ state: 'failed', error: { code: 'state/stopped' } });
  });

  test('discard is refused for a message on its way', async () => {
    const { moki, hulk } = await twoPeers();
    const delivery = await moki.messenger.send(text('hi'), hulk.id);
    await expect(delivery.discard()).rejects.toBeInstanceOf(RangeError);
    expect(await moki.messenger.deliveries()).toHaveLength(1);
  });
});

describe('send', () => {
  test('rejects if the store fails, and nothing is sent, now or later', async () => {
    const { world, moki, hulk } = await twoPeers();
    const sent: Uint8Array[] = [];
    const store = failingStore(moki.durable, 100);
    const options = {
      timers: world.time,
      sendPackage: async (bytes: Uint8Array) => {
        sent.push(bytes);
      },
    };
    const messenger = new Messenger({
      facebook: new Facebook({ protocol, store, clock: world.time }),
      ...options,
    });
    // The message key is on disk already.
    await messenger.send(text('first'), hulk.id);
    await messenger.idle();
    expect(sent).toHaveLength(1);
    store.left = 0;
    await expect(messenger.send(text('lost'), hulk.id)).rejects.toMatchObject({
      code: 'store/quota',
    });
    expect(await messenger.deliveries()).toHaveLength(1);
    await messenger.idle();
    expect(sent).toHaveLength(1);
    store.left = 100;
    await messenger.send(text('last'), hulk.id);
    await messenger.idle();
    expect(sent).toHaveLength(2);
    await messenger.close();
    for (const bytes of sent) await world.deliver(bytes, hulk);
    expect(hulk.shown).toEqual(['first', 'last']);
  });

  test('rejects a message that is too large, and those behind it go on', async () => {
    const { world, moki, hulk } = await twoPeers();
    const huge = text('x'.repeat(1024 * 1024));
    await expect(moki.messenger.send(huge, hulk.id)).rejects.toMatchObject({
      code: 'format/limit',
    });
    expect(await moki.messenger.deliveries()).toEqual([]);
    await moki.messenger.send(text('hi'), hulk.id);
    await world.carry();
    expect(hulk.shown).toEqual(['hi']);
  });

  test('a message that the transport refuses for good is given up, and does not block others', async () => {
    const { world, moki, hulk } = await twoPeers();
    await world.restart(moki, {
      sendPackage: async (bytes, to) => {
        if (bytes.length > 10_000) throw new ProtocolError('format/limit', 'too long for me');
        moki.sent.push({ bytes, to });
      },
    });
    const large = await moki.messenger.send(text('x'.repeat(10_000)), hulk.id);
    await moki.messenger.send(text('hi'), hulk.id);
    await world.carry();
    expect(large.report).toMatchObject({ state: 'failed', error: { code: 'format/limit' } });
    await world.live(2 * 60_000, 30_000);
    expect(hulk.shown).toEqual(['hi']);
  });

  test('of a broadcast, and of a message without receipts, ends with sent and leaves no record', async () => {
    const { moki } = await twoPeers();
    const broadcast = await moki.messenger.send(text('to all'), ANYONE);
    await moki.messenger.idle();
    expect(broadcast.report).toMatchObject({ state: 'sent', settled: true });
    const command = await moki.messenger.send(Forward.create({ messages: [] }), ANYONE);
    await moki.messenger.idle();
    expect(await command.settled).toBe('sent');
    expect(await outboxOf(moki)).toEqual([]);
  });

  test('without a user of this machine is identity/not-found', async () => {
    const { moki, hulk } = await twoPeers();
    await expect(
      moki.messenger.send(text('x'), hulk.id, { sender: hulk.id }),
    ).rejects.toMatchObject({ code: 'identity/not-found' });
  });
});
