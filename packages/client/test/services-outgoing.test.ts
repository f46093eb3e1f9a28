import { type JsonObject, ProtocolError, utf8Decode } from '@dimp/foundation';
import { describe, expect, test } from 'vitest';
import { createGroup, Messenger, type MessengerService } from '../src/index.ts';
import { counter, namesUnder, testHistory } from './service.ts';
import { acquaint, type Client, text, twoPeers } from './world.ts';

const MINUTE = 60_000;

describe('an outgoing message', () => {
  test('is written to the outbox and by the service, or to neither, at whichever write the program is killed', async () => {
    for (const unacknowledged of [false, true]) {
      for (let afterWrites = 0; afterWrites < 4; afterWrites++) {
        const { world, hulk } = await twoPeers();
        const anna = await world.join('anna', { services: [testHistory()] });
        await acquaint(anna, hulk);
        anna.store.crash({ afterWrites, unacknowledged });
        await anna.messenger.send(text('hi'), hulk.id).catch(() => undefined);
        await anna.messenger.idle().catch(() => undefined);
        const sent = await namesUnder(anna, 'history');
        const records = (await namesUnder(anna, 'outbox')).map((id) => `sent ${id}`);
        expect(records).toEqual(sent);
        await world.restart(anna, { services: [testHistory()] });
        await world.live(MINUTE);
        expect(hulk.shown).toEqual(sent.map(() => 'hi'));
      }
    }
  });

  test('to a group is written once, and while its members are not known too', async () => {
    const { world, hulk } = await twoPeers();
    const history = testHistory();
    const anna = await world.join('anna', { services: [history] });
    const bert = await world.join('bert');
    await acquaint(anna, hulk, bert);
    const { group } = await groupOf(anna, [hulk, bert]);
    const delivery = await anna.messenger.send(text('hi all'), group);
    await world.carry();
    const stranger = await groupOf(hulk, [bert]);
    await anna.messenger.send(text('who?'), stranger.group);
    expect(history.written.map((id) => id.split(' ')[0])).toEqual(['sent', 'sent']);
    expect(history.written[0]).toBe(`sent ${delivery.id}`);
    expect(await counter(anna)).toBe(2);
  });

  test('carries the members that services add, beside those that it has', async () => {
    const { world, hulk } = await twoPeers();
    const wires: JsonObject[] = [];
    hulk.messenger.use(({ content }) => {
      wires.push(content.wire);
    });
    const anna = await world.join('anna', {
      services: [{ name: 's', kinds: [], extra: () => ({ state: 'x7', text: 'forged' }) }],
    });
    await acquaint(anna, hulk);
    await anna.messenger.send(text('hi'), hulk.id);
    await world.carry();
    expect(wires).toMatchObject([{ text: 'hi', state: 'x7' }]);
  });

  test('is reported at each change, even if an earlier run has sent it', async () => {
    const { world, hulk } = await twoPeers();
    const [first, second] = [testHistory(), testHistory()];
    const anna = await world.join('anna', { services: [first] });
    await acquaint(anna, hulk);
    anna.online = false;
    const { id } = await anna.messenger.send(text('hi'), hulk.id);
    await world.restart(anna, { services: [second] });
    anna.online = true;
    anna.messenger.resume();
    await world.carry();
    const states = (history: typeof first) =>
      history.deliveries.map((event) => [event.id, event.report.state]);
    expect(states(first)).toEqual([[id, 'queued']]);
    expect(states(second)).toEqual([
      [id, 'sent'],
      [id, 'received'],
    ]);
    expect(second.deliveries[0]?.content.wire).toMatchObject({ text: 'hi' });
  });
});

describe('services begin and end with the messenger', () => {
  test('attach, start before anything is received, stop after the last message', async () => {
    const history = testHistory();
    const { hulk } = await twoPeers({ services: [history] });
    await hulk.messenger.close();
    await hulk.messenger.close();
    expect(history.calls).toEqual(['attach', 'start', 'stop']);
  });

  test('a start that fails fails the start of the messenger, and the next one begins there', async () => {
    const { hulk } = await twoPeers();
    await hulk.messenger.close();
    const history = testHistory();
    let isBroken = true;
    const broken: MessengerService = {
      name: 'broken',
      kinds: [],
      start() {
        if (isBroken) throw new ProtocolError('store/corrupt', 'a stored record cannot be read');
      },
      stop() {
        throw new TypeError('a bug');
      },
    };
    const messenger = new Messenger({ facebook: hulk.facebook, services: [history, broken] });
    const failed: unknown[] = [];
    messenger.on('failed', ({ error }) => failed.push(error));
    await expect(messenger.start()).rejects.toMatchObject({ code: 'store/corrupt' });
    isBroken = false;
    await messenger.start();
    await messenger.close();
    expect(history.calls).toEqual(['attach', 'start', 'stop']);
    expect(failed).toEqual([new TypeError('a bug')]);
  });

  test('two of one name, and one for what the messenger processes itself, are refused', async () => {
    const { hulk } = await twoPeers();
    const make = (...services: readonly MessengerService[]) =>
      new Messenger({ facebook: hulk.facebook, services });
    expect(() => make(testHistory(), testHistory())).toThrow(TypeError);
    expect(() => make({ name: 's', kinds: ['receipt'] })).toThrow(RangeError);
  });

  test('what a service does in the background is waited for, and its failure reported', async () => {
    const history = testHistory();
    const { hulk } = await twoPeers({ services: [history] });
    let isDone = false;
    history.host?.background(async () => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      isDone = true;
    });
    history.host?.background(async () => {
      throw new TypeError('a bug');
    });
    await hulk.messenger.idle();
    expect(isDone).toBe(true);
    expect(hulk.failed).toEqual([new TypeError('a bug')]);
  });
});

describe('a content of the moment', () => {
  test('reaches a connected peer, who may not have been asked, and is nowhere kept or repeated', async () => {
    const { world, moki, hulk } = await twoPeers();
    const history = testHistory({ kinds: [] });
    const anna = await world.join('anna', { services: [history] });
    await acquaint(anna, hulk);
    const until = world.time.now() + 6000;
    expect(await history.host?.sendNow(text('…'), hulk.id, { until })).toBe(true);
    const [packet] = anna.sent;
    if (packet === undefined) expect.unreachable();
    expect(JSON.parse(utf8Decode(packet.bytes))).toMatchObject({ until: Math.ceil(until / 1000) });
    await world.carry();
    expect(hulk.shown).toEqual(['…']);
    await world.live(MINUTE);
    expect(await namesUnder(anna, 'outbox')).toEqual([]);
    expect(await history.host?.sendNow(text('…'), hulk.id, { until })).toBe(false);
    anna.online = false;
    const later = world.time.now() + 6000;
    expect(await history.host?.sendNow(text('…'), hulk.id, { until: later })).toBe(false);
    anna.online = true;
    await world.live(MINUTE);
    expect(hulk.shown).toEqual(['…']);
    expect(moki.shown).toEqual([]);
  });

  test('goes to the members of a group whose keys are known', async () => {
    const { world, hulk } = await twoPeers();
    const history = testHistory({ kinds: [] });
    const anna = await world.join('anna', { services: [history] });
    const bert = await world.join('bert');
    await acquaint(anna, hulk);
    const { group } = await groupOf(anna, [hulk, bert]);
    const until = world.time.now() + 6000;
    expect(await history.host?.sendNow(text('…'), group, { until })).toBe(true);
    expect(anna.sent.map(({ to }) => to.entity)).toEqual([hulk.id.entity]);
  });
});

/** A group of a client and others, which all of them know. */
async function groupOf(founder: Client, others: readonly Client[]) {
  const { facebook, id } = founder;
  const members = others.map((each) => each.id);
  return { group: (await createGroup('friends', { facebook, founder: id, members })).id };
}
