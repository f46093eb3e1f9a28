import { isWaiting } from '@dimp/core';
import { Receipt, receiptFor } from '@dimp/dkd/commands';
import { signDocument } from '@dimp/mkm';
import { tabs } from '@dimp/testing/stores';
import { describe, expect, test } from 'vitest';
import { createGroup, type DeliveryEvent } from '../src/index.ts';
import { testHistory } from './service.ts';
import { acquaint, type Client, outboxOf, text, twoPeers, World } from './world.ts';

const DAY = 24 * 3_600_000;
const ABILITY = 'chat-1';

/** Gives a client a visa that announces an ability, which the others learn. */
async function announce(client: Client, ...others: readonly Client[]): Promise<void> {
  const { facebook, id } = client;
  const visa = await facebook.document(id);
  const signer = await facebook.requireSigner(id);
  if (visa === undefined) expect.unreachable();
  const properties = { ...visa.properties, accepts: [ABILITY] };
  const now = (visa.time ?? 0) + 1;
  const next = await signDocument({ did: id, type: 'visa', properties, now }, signer);
  for (const each of [client, ...others]) await each.facebook.saveDocument(next, id);
}

describe('an ID that the application chooses', () => {
  test('names one message, which is sent once and found again in each state', async () => {
    const { world, moki, hulk } = await twoPeers();
    const send = () => moki.messenger.send(text('hi'), hulk.id, { id: 'order-7' });
    const [first, second] = await Promise.all([send(), send()]);
    expect(second).toBe(first);
    expect(first.id).toBe('order-7');
    await world.restart(moki);
    const third = await send();
    expect(third.id).toBe('order-7');
    expect(third.content.sn).toBe(first.content.sn);
    await world.live(60_000);
    expect(third.state).toBe('received');
    const fourth = await send();
    expect(fourth.report).toEqual({ state: 'received', receivers: [], settled: true });
    expect([fourth.content.sn, fourth.content.time]).toEqual([
      first.content.sn,
      first.content.time,
    ]);
    expect(await fourth.settled).toBe('received');
    await world.live(60_000);
    expect(hulk.shown).toEqual(['hi']);
    expect((await outboxOf(moki)).filter((path) => !path.startsWith('outbox-id'))).toEqual([]);
  });

  test('is free again after a cancel, and after 30 days', async () => {
    const { world, moki, hulk } = await twoPeers();
    const send = (words: string) => moki.messenger.send(text(words), hulk.id, { id: 'x' });
    moki.online = false;
    const first = await send('one');
    expect(await first.cancel()).toBe(true);
    await send('two');
    moki.online = true;
    await world.live(60_000);
    expect(hulk.shown).toEqual(['two']);
    await world.pass(31 * DAY);
    expect(await outboxOf(moki)).toEqual([]);
    await send('three');
    await world.live(60_000);
    expect(hulk.shown).toEqual(['two', 'three']);
  });

  test('is refused for another receiver, and if it is not a short name', async () => {
    const { world, moki, hulk } = await twoPeers();
    const monkey = await world.join('monkey');
    await moki.messenger.send(text('hi'), hulk.id, { id: 'x' });
    for (const [to, id] of [
      [monkey, 'x'],
      [hulk, ''],
      [hulk, 'x'.repeat(65)],
      [hulk, 'a/b'],
      [hulk, 'a\u0000'],
      [hulk, 'a\n'],
    ] as const) {
      await expect(moki.messenger.send(text('hi'), to.id, { id })).rejects.toMatchObject({
        code: 'format/field',
        details: { field: 'id' },
      });
    }
  });

  test('names one message in two tabs as well, and both report it', async () => {
    const world = new World();
    const shared = tabs();
    const events: [tab: number, DeliveryEvent][] = [];
    const open = async (tab: number) =>
      world.join('moki', {
        store: shared.open(),
        prepare: (messenger) => {
          messenger.on('delivery', (event) => events.push([tab, event]));
        },
      });
    const one = await open(1);
    await world.rest();
    const two = await open(2);
    two.online = false;
    const hulk = await world.join('hulk');
    await acquaint(one, hulk);
    await world.rest();
    const [a, b] = await Promise.all(
      [one, two].map(({ messenger }) => messenger.send(text('hi'), hulk.id, { id: 'x' })),
    );
    await world.live(60_000);
    expect(hulk.shown).toEqual(['hi']);
    expect([a?.state, b?.state]).toEqual(['received', 'received']);
    for (const tab of [1, 2]) {
      const last = events.filter(([from]) => from === tab).at(-1)?.[1];
      expect([last?.id, last?.report.state]).toEqual(['x', 'received']);
    }
  });
});

describe('an edit with number and time of its original', () => {
  test('arrives, and receipts of both are told apart', async () => {
    const { world, moki, hulk } = await twoPeers();
    const first = await moki.messenger.send(text('Dinner?'), hulk.id);
    const { sn, time } = first.content;
    if (time === undefined) expect.unreachable();
    await world.pass(5000);
    const edit = await moki.messenger.send(text('Dinner at eight?'), hulk.id, { sn, time });
    expect([edit.content.sn, edit.content.time]).toEqual([sn, time]);
    await world.carry();
    expect(hulk.shown).toEqual(['Dinner?', 'Dinner at eight?']);
    expect([first.state, edit.state]).toEqual(['received', 'received']);
  });

  test('is not confirmed by a receipt that may be for the original', async () => {
    const { world, moki, hulk } = await twoPeers();
    const first = await moki.messenger.send(text('a'), hulk.id);
    const { sn, time = 0 } = first.content;
    const edit = await moki.messenger.send(text('b'), hulk.id, { sn, time });
    await moki.messenger.idle();
    moki.sent.splice(0);
    const envelope = { sender: moki.id, receiver: hulk.id, time };
    const draft = receiptFor(envelope, 'Message received.', { sn });
    const packed = await hulk.messenger.pack(Receipt.create(draft.body), moki.id);
    if (isWaiting(packed)) expect.unreachable();
    await world.deliver(hulk.messenger.serialize(packed), moki);
    expect([first.state, edit.state]).toEqual(['sent', 'sent']);
  });

  test('with an invalid number or time is refused', async () => {
    const { moki, hulk } = await twoPeers();
    for (const bad of [{ sn: 0 }, { sn: 1.5 }, { time: Number.NaN }, { time: -1 }]) {
      await expect(moki.messenger.send(text('x'), hulk.id, bad)).rejects.toMatchObject({
        code: 'format/field',
      });
    }
  });
});

describe('a message for those who accept it', () => {
  test('leaves out a user whose visa does not announce it, and settles at once', async () => {
    const { world, moki, hulk } = await twoPeers();
    const history = testHistory();
    await world.restart(moki, { services: [history] });
    const delivery = await moki.messenger.send(text('👍'), hulk.id, { accepting: ABILITY });
    await world.carry();
    expect(delivery.report).toEqual({
      state: 'received',
      receivers: [],
      leftOut: [hulk.id],
      settled: true,
    });
    expect(hulk.shown).toEqual([]);
    expect(await moki.messenger.deliveries()).toEqual([]);
    expect(history.written).toEqual([`sent ${delivery.id}`]);
    await announce(hulk, moki);
    await moki.messenger.send(text('👍'), hulk.id, { accepting: ABILITY });
    await world.carry();
    expect(hulk.shown).toEqual(['👍']);
  });

  test.each(['hidden', 'split', 'whole'] as const)(
    'reaches only members of a group who announce it, in the %s form',
    async (form) => {
      const { world, moki, hulk } = await twoPeers();
      const [monkey, anna] = [await world.join('monkey'), await world.join('anna')];
      await acquaint(moki, hulk, monkey, anna);
      await announce(hulk, moki);
      await announce(anna, moki);
      const { facebook, id } = moki;
      const members = [hulk.id, monkey.id, anna.id];
      const group = await createGroup('team', { facebook, founder: id, members });
      const options = { accepting: ABILITY, form };
      const delivery = await moki.messenger.send(text('👍'), group.id, options);
      await world.carry();
      expect([hulk.shown, monkey.shown, anna.shown]).toEqual([['👍'], [], ['👍']]);
      expect(delivery.report).toMatchObject({ state: 'received', leftOut: [monkey.id] });
    },
  );

  test('waits for an unknown visa, also after a restart', async () => {
    const world = new World();
    const [moki, hulk] = [await world.join('moki'), await world.join('hulk')];
    await announce(hulk);
    await moki.messenger.send(text('👍'), hulk.id, { accepting: ABILITY });
    await world.restart(moki);
    await acquaint(moki, hulk);
    await world.live(60_000);
    expect(hulk.shown).toEqual(['👍']);
  });
});

describe('a message that replaces an older one', () => {
  test('cancels it while it has not left, and lets nothing else wait for it', async () => {
    const { world, moki, hulk } = await twoPeers();
    moki.online = false;
    const react = (words: string) =>
      moki.messenger.send(text(words), hulk.id, { replaces: 'reaction to 7' });
    const first = await react('👍');
    await moki.messenger.send(text('between'), hulk.id);
    await moki.messenger.send(text('other'), hulk.id, { replaces: 'reaction to 8' });
    await react('👎');
    expect(first.report).toMatchObject({ state: 'failed', error: { code: 'state/stopped' } });
    moki.online = true;
    moki.messenger.resume();
    await world.carry();
    expect(hulk.shown).toEqual(['between', 'other', '👎']);
    const again = await react('❤️');
    await world.carry();
    expect(again.state).toBe('received');
    expect(hulk.shown.at(-1)).toBe('❤️');
  });
});
