import type { Store } from '@dimp/core';
import type { MaybePromise } from '@dimp/foundation';
import { encryptedStore } from '@dimp/store-encrypted';
import { pathsOf, tabs } from '@dimp/testing/stores';
import { describe, expect, test, vi } from 'vitest';
import type { DeliveryState } from '../src/index.ts';
import { acquaint, type Client, onlyDelivery, outboxOf, tell, text, World } from './world.ts';

const MINUTE = 60_000;
const KEY: Uint8Array = new Uint8Array(32).fill(1);

/** Two tabs of Moki on one store, of which the first leads and has the connection; and Hulk elsewhere. */
async function twoTabs(wrap: (store: Store) => MaybePromise<Store> = (store) => store) {
  const world = new World();
  const shared = tabs();
  const led: string[] = [];
  const open = async (name: string) =>
    world.join('moki', {
      store: await wrap(shared.open()),
      prepare: (messenger) => {
        messenger.on('leading', () => led.push(name));
      },
    });
  const one = await open('one');
  await world.rest();
  const two = await open('two');
  await world.rest();
  two.online = false;
  const hulk = await world.join('hulk');
  await acquaint(one, hulk);
  return { world, shared, one, two, hulk, led };
}

/** Closes a tab; the other one gets the connection. */
async function takeOver(world: World, from: Client, to: Client): Promise<void> {
  await from.messenger.close();
  to.online = true;
  world.connect(to);
  await world.rest();
}

/** All states from now on, and until the message settles. */
function statesOf(delivery: Awaited<ReturnType<typeof onlyDelivery>>): DeliveryState[] {
  const states: DeliveryState[] = [];
  delivery.on('state', ({ state }) => states.push(state));
  return states;
}

describe('of two tabs on one store', () => {
  test('one leads, and the other one does when that is gone', async () => {
    const { world, one, two, led } = await twoTabs();
    expect(led).toEqual(['one']);
    await takeOver(world, one, two);
    expect(led).toEqual(['one', 'two']);
  });

  test('the leader delivers the messages of the other one, whose handle reports their state', async () => {
    const { world, one, two, hulk } = await twoTabs();
    const delivery = await two.messenger.send(text('hi'), hulk.id);
    expect(delivery.state).toBe('queued');
    const states = statesOf(delivery);
    const received = delivery.reached('received');
    await world.rest();
    expect(delivery.state).toBe('sent');
    expect(two.sent).toEqual([]);
    expect((await onlyDelivery(one)).id).toBe(delivery.id);
    await world.carry();
    await received;
    expect(states).toEqual(['sent', 'received']);
    expect(hulk.shown).toEqual(['hi']);
    for (const tab of [one, two]) expect(await tab.messenger.deliveries()).toEqual([]);
  });

  test('nothing is lost or doubled when the one that leads is closed at any moment', async () => {
    for (let moment = 0; moment < 8; moment++) {
      const { world, one, two, hulk } = await twoTabs();
      const texts: string[] = [];
      const sending: Promise<unknown>[] = [];
      for (let n = 0; n < 4; n++) {
        for (const [name, tab] of [
          ['one', one],
          ['two', two],
        ] as const) {
          texts.push(`${name} ${n}`);
          sending.push(tab.messenger.send(text(`${name} ${n}`), hulk.id).catch(() => undefined));
        }
      }
      for (let turn = 0; turn < moment * 4; turn++) await Promise.resolve();
      await one.messenger.close();
      const unsent = await Promise.all(sending);
      two.online = true;
      world.connect(two);
      two.messenger.resume();
      await world.live(2 * MINUTE, 10_000);
      // What a closed tab could not take any more, it has refused.
      const refused = unsent.filter((delivery) => delivery === undefined).length;
      expect(hulk.shown.length).toBe(texts.length - refused);
      expect(new Set(hulk.shown).size).toBe(hulk.shown.length);
      expect(
        texts.filter((each) => each.startsWith('two')).every((each) => hulk.shown.includes(each)),
      ).toBe(true);
      expect(await two.messenger.deliveries()).toEqual([]);
    }
  });

  test('a message that one of them is writing when it begins to lead is sent', async () => {
    const world = new World();
    const shared = tabs();
    const one = await world.join('moki', { store: shared.open() });
    await world.rest();
    const slow = shared.open();
    let hold: (() => Promise<void>) | undefined;
    const two = await world.join('moki', {
      store: {
        ...slow,
        async batch(changes) {
          await hold?.();
          await slow.batch(changes);
        },
      },
    });
    const hulk = await world.join('hulk');
    await acquaint(one, hulk);
    let open = (): void => {};
    const writing = new Promise<void>((begun) => {
      hold = () => {
        begun();
        return new Promise((resolve) => {
          open = resolve;
        });
      };
    });
    const sending = two.messenger.send(text('hi'), hulk.id);
    await writing;
    hold = undefined;
    await one.messenger.close();
    // Time for the lock to change hands, and for the outbox to be read.
    for (let turn = 0; turn < 100; turn++) await Promise.resolve();
    open();
    await sending;
    world.connect(two);
    await world.carry();
    expect(hulk.shown).toEqual(['hi']);
  });

  test('a message that the closed one had sent is confirmed to the other one', async () => {
    const { world, one, two, hulk } = await twoTabs();
    const delivery = await two.messenger.send(text('hi'), hulk.id);
    await world.rest();
    const [packet] = one.sent.splice(0);
    if (packet === undefined) expect.unreachable();
    await takeOver(world, one, two);
    await world.deliver(packet.bytes, hulk);
    await world.carry();
    expect(delivery.state).toBe('received');
    expect(hulk.shown).toEqual(['hi']);
  });

  test('messages of both go out in the order in which they were sent', async () => {
    const { world, one, two, hulk } = await twoTabs();
    one.online = false;
    for (const [tab, words] of [
      [one, 'a'],
      [two, 'b'],
      [one, 'c'],
      [two, 'd'],
    ] as const) {
      await tab.messenger.send(text(words), hulk.id);
      await world.rest();
    }
    one.online = true;
    one.messenger.resume();
    await world.rest();
    one.sent.reverse();
    await world.carry();
    expect(hulk.shown).toEqual(['a', 'b', 'c', 'd']);
  });

  test('only the one that leads calls off and tries again; discarding is for both', async () => {
    const { world, one, two, hulk } = await twoTabs();
    one.online = false;
    const delivery = await two.messenger.send(text('hi'), hulk.id);
    await world.rest();
    expect(await delivery.cancel()).toBe(false);
    await expect(delivery.retry()).rejects.toMatchObject({ code: 'state/not-ready' });
    await world.pass(8 * 24 * 60 * MINUTE);
    expect(delivery.report).toMatchObject({
      state: 'failed',
      error: { code: 'transport/timeout' },
    });
    expect(await one.messenger.deliveries()).toHaveLength(1);
    await delivery.discard();
    await world.rest();
    for (const tab of [one, two]) expect(await tab.messenger.deliveries()).toEqual([]);
    expect(await outboxOf(one)).toEqual([]);
  });

  test('a message that the leading one calls off fails for the one that has sent it', async () => {
    const { world, one, two, hulk } = await twoTabs();
    one.online = false;
    const delivery = await two.messenger.send(text('hi'), hulk.id);
    await world.rest();
    expect(await (await onlyDelivery(one)).cancel()).toBe(true);
    await world.rest();
    expect(delivery.report).toMatchObject({ state: 'failed', error: { code: 'state/stopped' } });
    expect(await two.messenger.deliveries()).toEqual([]);
  });

  test('a message that the leader cancels also fails over an encrypted store, which does not name removed records', async () => {
    const { world, one, two, hulk } = await twoTabs((store) => encryptedStore(store, { key: KEY }));
    one.online = false;
    const delivery = await two.messenger.send(text('hi'), hulk.id);
    const [there] = await vi.waitFor(async () => {
      const deliveries = await one.messenger.deliveries();
      expect(deliveries).toHaveLength(1);
      return deliveries;
    });
    await world.rest();
    expect(await there?.cancel()).toBe(true);
    const others = await two.messenger.send(text('other'), hulk.id);
    await vi.waitFor(() => expect(delivery.state).toBe('failed'));
    expect(others.state).toBe('queued');
  });

  test('a message that is being written while any record may have changed is not taken for cancelled', async () => {
    const { world, shared, one, two, hulk } = await twoTabs();
    one.online = false;
    const sending = two.messenger.send(text('hi'), hulk.id);
    for (let steps = 0; steps < 100; steps++) {
      shared.tell([[]]);
      await Promise.resolve();
    }
    const delivery = await sending;
    await world.rest();
    expect(delivery.state).toBe('queued');
    expect(await one.messenger.deliveries()).toHaveLength(1);
  });

  test('records of finished messages are deleted after a while', async () => {
    const { world, one, two, hulk } = await twoTabs();
    for (const tab of [one, two]) await tab.messenger.send(text('hi'), hulk.id);
    await world.carry();
    expect(hulk.shown).toHaveLength(2);
    expect(await outboxOf(one)).not.toEqual([]);
    await world.pass(31 * MINUTE);
    expect(await outboxOf(one)).toEqual([]);
  });
});

describe('messages that two tabs receive', () => {
  async function packetFor(hulk: Client, to: Client, words = 'hi') {
    await acquaint(hulk, to);
    await hulk.messenger.send(text(words), to.id);
    await hulk.messenger.idle();
    const packet = hulk.sent.shift();
    if (packet === undefined) expect.unreachable();
    return packet.bytes;
  }

  test('at once is shown by one of them, once', async () => {
    for (let n = 0; n < 5; n++) {
      const { world, one, two, hulk } = await twoTabs();
      const bytes = await packetFor(hulk, one);
      await Promise.all([world.deliver(bytes, one), world.deliver(bytes, two)]);
      expect([...one.shown, ...two.shown]).toEqual(['hi']);
    }
  });

  test('and one of them has not done with, is left to the other one when it is gone, not before', async () => {
    const { world, one, two, hulk } = await twoTabs();
    await world.restart(two, { screen: false });
    two.online = false;
    const bytes = await packetFor(hulk, one);
    await world.deliver(bytes, two);
    expect((await two.messenger.messages().next()).value?.content.body).toEqual({ text: 'hi' });
    await world.rest();
    expect(one.shown).toEqual([]);
    two.store.crash();
    await two.messenger.close();
    await world.rest();
    expect(one.shown).toEqual(['hi']);
    expect((await pathsOf(one.durable)).filter((path) => path.startsWith('inbox'))).toEqual([]);
  });

  test('before another one begins to lead is inherited by that one as well', async () => {
    const { world, shared, one, two, hulk } = await twoTabs();
    const three = await world.join('moki', { store: shared.open(), screen: false });
    const bytes = await packetFor(hulk, one);
    await world.deliver(bytes, three);
    await takeOver(world, one, two);
    expect(two.shown).toEqual([]);
    three.store.crash();
    await three.messenger.close();
    await world.rest();
    expect([one.shown, two.shown]).toEqual([[], ['hi']]);
  });

  test('and one of them could not open yet is opened by the next leader', async () => {
    const { world, one, two, hulk } = await twoTabs();
    const stranger = await world.join('stranger');
    await tell(stranger, one);
    const message = await stranger.messenger.pack(text('hi'), one.id);
    if ('status' in message) expect.unreachable();
    await world.deliver(stranger.messenger.serialize(message), one);
    await takeOver(world, one, two);
    expect(two.shown).toEqual([]);
    await tell(two, stranger, hulk);
    await world.rest();
    expect(two.shown).toEqual(['hi']);
  });

  test('is inherited by the next leader if the leader ends', async () => {
    const { world, one, two, hulk } = await twoTabs();
    await world.restart(two);
    await world.restart(one, { screen: false }, false);
    await world.rest();
    // Now the second one leads.
    const bytes = await packetFor(hulk, one);
    await world.deliver(bytes, one);
    await world.rest();
    expect(two.shown).toEqual([]);
    one.store.crash();
    await one.messenger.close();
    await world.rest();
    expect(two.shown).toEqual(['hi']);
  });
});
