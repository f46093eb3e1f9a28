import { isWaiting } from '@dimp/core';
import { Forward } from '@dimp/extensions/contents';
import type { JsonObject } from '@dimp/foundation';
import { tabs } from '@dimp/testing/stores';
import { describe, expect, test } from 'vitest';
import { createGroup, type MessengerService, type ServiceMessage } from '../src/index.ts';
import { counter, namesUnder, testHistory } from './service.ts';
import { acquaint, type Client, sendTexts, tell, text, twoPeers, World } from './world.ts';

const DAY = 24 * 3_600_000;

async function forwarded(by: Client, to: Client, ...messages: readonly JsonObject[]) {
  const packed = await by.messenger.pack(Forward.create({ messages }), to.id);
  if (isWaiting(packed)) expect.unreachable();
  return by.messenger.serialize(packed);
}

/** A service that reads all messages in forwards as evidence. */
function evidenceReader() {
  const read: ServiceMessage[] = [];
  const service: MessengerService = {
    name: 'evidence',
    kinds: ['text'],
    evidence: () => true,
    take(message) {
      if (message.isEvidence) read.push(message);
      const key = ['evidence', message.id];
      return { changes: [{ type: 'set', key, value: new Uint8Array([1]) }] };
    },
  };
  return { read, service };
}

describe('evidence for a service', () => {
  test('is taken however old it is and as often as it comes, and is neither shown nor remembered', async () => {
    const { read, service } = evidenceReader();
    const { world, moki, hulk } = await twoPeers({ services: [service] });
    const bot = await world.join('bot');
    await acquaint(moki, hulk, bot);
    const message = await moki.messenger.pack(text('I was here.'), hulk.id);
    if (isWaiting(message)) expect.unreachable();
    await world.pass(20 * DAY);
    for (let times = 0; times < 2; times++) {
      await world.deliver(await forwarded(bot, hulk, message.wire), hulk);
    }
    expect(read).toHaveLength(2);
    expect(read[0]).toMatchObject({
      isEvidence: true,
      forwarder: { entity: bot.id.entity },
      envelope: { sender: { entity: moki.id.entity } },
    });
    expect(await namesUnder(hulk, 'evidence')).toHaveLength(1);
    expect(await namesUnder(hulk, 'seen')).toEqual([]);
    expect([hulk.shown, hulk.sent, hulk.refused]).toEqual([[], [], []]);
    // Outside of a forward it is a message like any other, and too old.
    await world.deliver(moki.messenger.serialize(message), hulk);
    expect(hulk.refused).toEqual(['policy/expired']);
  });

  test('of an unknown sender waits for their meta, at any age', async () => {
    const { read, service } = evidenceReader();
    const world = new World();
    const moki = await world.join('moki');
    const hulk = await world.join('hulk', { services: [service] });
    const bot = await world.join('bot');
    await acquaint(hulk, bot);
    await hulk.messenger.accept(bot.id);
    await tell(moki, hulk);
    const message = await moki.messenger.pack(text('I was here.'), hulk.id);
    if (isWaiting(message)) expect.unreachable();
    await world.pass(20 * DAY);
    await world.deliver(await forwarded(bot, hulk, message.wire), hulk);
    expect(read).toEqual([]);
    await tell(hulk, moki);
    await world.rest();
    expect(read).toHaveLength(1);
  });

  test('that a service refuses or fails on does not end the reception', async () => {
    const failed: unknown[] = [];
    const service: MessengerService = {
      name: 'evidence',
      kinds: ['text'],
      evidence: () => true,
      take({ isEvidence }) {
        if (isEvidence) throw new TypeError('a bug');
        return {};
      },
    };
    const { world, moki, hulk } = await twoPeers({
      services: [service],
      prepare: (messenger) => {
        messenger.on('handlerFailed', ({ error }) => failed.push(error));
      },
    });
    const message = await moki.messenger.pack(text('one'), hulk.id);
    if (isWaiting(message)) expect.unreachable();
    await world.deliver(await forwarded(moki, hulk, message.wire), hulk);
    const [next] = await sendTexts(moki, hulk, 'two');
    if (next === undefined) expect.unreachable();
    await world.deliver(next, hulk);
    expect(failed).toEqual([new TypeError('a bug')]);
    expect(hulk.shown).toEqual(['two']);
  });
});

describe('a service that knows who may speak in a group', () => {
  async function groupWith(answer: () => 'yes' | 'no' | 'wait' | undefined) {
    const world = new World();
    const moki = await world.join('moki');
    const service: MessengerService = { name: 'groups', kinds: [], membership: answer };
    const hulk = await world.join('hulk', { services: [service] });
    const anna = await world.join('anna');
    await acquaint(moki, hulk, anna);
    const { facebook, id } = moki;
    const group = await createGroup('team', { facebook, founder: id, members: [hulk.id] });
    const meta = await group.meta();
    if (meta === undefined) expect.unreachable();
    for (const each of [hulk, anna]) {
      await each.facebook.saveMeta(meta, group.id);
      await each.facebook.saveMembers(group.id, [moki.id, hulk.id]);
    }
    return { world, moki, hulk, anna, group: group.id };
  }

  test('accepts a sender whom the member list does not contain, and refuses one whom it contains', async () => {
    const answers: ('yes' | 'no' | undefined)[] = ['yes', 'no', undefined];
    const { world, moki, hulk, anna, group } = await groupWith(() => answers.shift());
    await anna.messenger.send(text('from outside'), group);
    await world.carry();
    expect(hulk.shown).toEqual(['from outside']);
    await moki.messenger.send(text('refused'), group);
    await world.carry();
    expect(hulk.refused).toEqual(['policy/unauthorized']);
    await anna.messenger.send(text('by the list'), group);
    await world.carry();
    expect(hulk.refused).toEqual(['policy/unauthorized', 'policy/unauthorized']);
    expect(hulk.shown).toEqual(['from outside']);
  });

  test('lets a message wait until the members of the group arrive', async () => {
    let answer: 'yes' | 'wait' = 'wait';
    const { world, moki, hulk, anna, group } = await groupWith(() => answer);
    await moki.messenger.send(text('hi'), group);
    await world.carry();
    expect(await hulk.messenger.deferred()).toMatchObject([{ reason: 'members' }]);
    expect(hulk.shown).toEqual([]);
    answer = 'yes';
    await hulk.facebook.saveMembers(group, [moki.id, hulk.id, anna.id]);
    await world.carry();
    expect(hulk.shown).toEqual(['hi']);
  });
});

describe('in two tabs on one store', () => {
  test('a message that arrives in both is taken once, and the services of both continue one count', async () => {
    const world = new World();
    const shared = tabs();
    const open = () => world.join('hulk', { store: shared.open(), services: [testHistory()] });
    const one = await open();
    await world.rest();
    const two = await open();
    const moki = await world.join('moki');
    await acquaint(moki, one);
    await world.rest();
    const packets = await sendTexts(moki, one, ...Array.from({ length: 20 }, (_, n) => `${n}`));
    await Promise.all(
      packets.map(async (bytes, index) => {
        const [first, second] = index % 2 === 0 ? [one, two] : [two, one];
        await Promise.all([
          first.messenger.receivedPackage(bytes),
          second.messenger.receivedPackage(bytes),
        ]);
      }),
    );
    await world.rest();
    const durable = { ...one, durable: shared.inner };
    expect(await counter(durable)).toBe(20);
    expect(await namesUnder(durable, 'seen')).toEqual(await namesUnder(durable, 'history'));
    const shown = [...one.shown, ...two.shown].map(Number).sort((a, b) => a - b);
    expect(shown).toEqual(Array.from({ length: 20 }, (_, n) => n));
  });

  test('a message of the tab that does not lead is written once, together with the changes of its service', async () => {
    const world = new World();
    const shared = tabs();
    const open = () => world.join('moki', { store: shared.open(), services: [testHistory()] });
    const one = await open();
    await world.rest();
    const two = await open();
    two.online = false;
    const hulk = await world.join('hulk');
    await acquaint(one, hulk);
    await world.rest();
    await Promise.all(
      [one, two].flatMap(({ messenger }) =>
        Array.from({ length: 5 }, (_, n) => messenger.send(text(`${n}`), hulk.id)),
      ),
    );
    await world.live(60_000);
    expect(await counter({ ...one, durable: shared.inner })).toBe(10);
    expect(hulk.shown).toHaveLength(10);
  });
});
