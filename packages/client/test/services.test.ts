import { withLock } from '@dimp/core';
import type { Content } from '@dimp/dkd';
import { Command } from '@dimp/extensions/commands';
import { ArrayContent, type TextBody } from '@dimp/extensions/contents';
import { ProtocolError, utf8Decode } from '@dimp/foundation';
import { pathsOf } from '@dimp/testing/stores';
import { describe, expect, test } from 'vitest';
import type { MessengerService, Taken } from '../src/index.ts';
import { counter, namesUnder, testHistory } from './service.ts';
import { acquaint, type ClientOptions, sendTexts, text, twoPeers } from './world.ts';

const MINUTE = 60_000;

describe('what a service writes', () => {
  test('lies beside the note that the message was received, and the service hears of it', async () => {
    const history = testHistory();
    const { world, moki, hulk } = await twoPeers({ services: [history] });
    await moki.messenger.send(text('hi'), hulk.id);
    await world.carry();
    expect(await namesUnder(hulk, 'seen')).toEqual(await namesUnder(hulk, 'history'));
    expect(history.written).toEqual(await namesUnder(hulk, 'history'));
    expect(hulk.shown).toEqual(['hi']);
    expect(await moki.messenger.deliveries()).toEqual([]);
  });

  test('is written both or not at all, wherever the program is killed', async () => {
    for (const unacknowledged of [false, true]) {
      for (let afterWrites = 0; afterWrites < 6; afterWrites++) {
        const { world, moki, hulk } = await twoPeers({ services: [testHistory()] });
        hulk.store.crash({ afterWrites, unacknowledged });
        const packets = await sendTexts(moki, hulk, 'a', 'b', 'c');
        for (const bytes of packets) await world.deliver(bytes, hulk).catch(() => undefined);
        expect(await namesUnder(hulk, 'seen')).toEqual(await namesUnder(hulk, 'history'));
        await world.restart(hulk, { services: [testHistory()] });
        for (const bytes of packets) await world.deliver(bytes, hulk);
        expect(await namesUnder(hulk, 'history')).toHaveLength(3);
        expect(await counter(hulk)).toBe(3);
        expect([...new Set(hulk.shown)]).toEqual(['a', 'b', 'c']);
      }
    }
  });

  test('is counted once for each message when several contents come in one array', async () => {
    const history = testHistory();
    const { world, moki, hulk } = await twoPeers({ services: [history] });
    const { contents } = moki.facebook.protocol;
    const inner = ['a', 'b'].map((each) => contents.stamp(text(each), { time: 1 }));
    const arrays: unknown[] = [];
    const take = history.take;
    history.take = (message, context) => {
      arrays.push(message.array?.kind);
      return take?.(message, context) ?? {};
    };
    await moki.messenger.send(ArrayContent.create({ contents: inner }), hulk.id);
    await world.carry();
    expect(await counter(hulk)).toBe(2);
    expect(arrays).toEqual(['array', 'array']);
    expect(hulk.shown).toEqual(['a', 'b']);
  });

  test('is seen by the next service before it is written', async () => {
    const seen: (string | undefined)[] = [];
    const listed: string[] = [];
    const second: MessengerService = {
      name: 'second',
      kinds: ['text'],
      async take({ id }, context) {
        const bytes = await context.get(['history', id]);
        seen.push(bytes === undefined ? undefined : utf8Decode(bytes));
        for await (const [key] of context.list(['history'])) listed.push(key.join('/'));
        return {};
      },
    };
    const { moki, hulk, world } = await twoPeers({ services: [testHistory(), second] });
    await moki.messenger.send(text('hi'), hulk.id);
    await world.carry();
    expect(seen).toEqual(['1']);
    expect(listed).toHaveLength(1);
  });

  test('waits for the locks that the service names', async () => {
    const { world, moki, hulk } = await twoPeers({ services: [testHistory()] });
    const [bytes] = await sendTexts(moki, hulk, 'hi');
    if (bytes === undefined) expect.unreachable();
    let arriving: Promise<void> | undefined;
    await withLock(hulk.store, 'history of all', async () => {
      arriving = world.deliver(bytes, hulk);
      await new Promise((resolve) => setTimeout(resolve, 30));
      expect(await counter(hulk)).toBe(0);
    });
    await arriving;
    expect(await counter(hulk)).toBe(1);
  });
});

describe('a service decides what the application gets', () => {
  test('a message that it keeps to itself is confirmed and does not reach handlers', async () => {
    const { world, moki, hulk } = await twoPeers({
      services: [{ name: 's', kinds: ['text'], take: () => ({ changes: [], passOn: false }) }],
    });
    const delivery = await moki.messenger.send(text('hi'), hulk.id);
    await world.carry();
    expect(hulk.shown).toEqual([]);
    expect(delivery.state).toBe('received');
    expect(await namesUnder(hulk, 'inbox')).toEqual([]);
  });

  test('a message of the moment leaves no trace on disk and gets no receipt', async () => {
    const taken: string[] = [];
    const typing: MessengerService = {
      name: 's',
      kinds: ['text'],
      take: ({ id }) => {
        taken.push(id);
        return { passOn: false };
      },
    };
    const { world, moki, hulk } = await twoPeers({ services: [typing] });
    const before = await pathsOf(hulk.durable);
    const [bytes] = await sendTexts(moki, hulk, 'hi');
    if (bytes === undefined) expect.unreachable();
    await world.deliver(bytes, hulk);
    await world.deliver(bytes, hulk);
    expect(taken).toHaveLength(1);
    expect(hulk.sent).toEqual([]);
    const after = await pathsOf(hulk.durable);
    expect(after.filter((path) => !path.startsWith('received-key/'))).toEqual(before);
  });

  test('its answers are sent, even if the program is killed before', async () => {
    const answering = (): ClientOptions => ({
      services: [
        {
          name: 's',
          kinds: ['text'],
          take: () => ({ changes: [], answers: [text('yes')], passOn: false }),
        },
      ],
    });
    for (let afterWrites = 1; afterWrites < 5; afterWrites++) {
      const { world, moki, hulk } = await twoPeers(answering());
      const [bytes] = await sendTexts(moki, hulk, 'hello?');
      if (bytes === undefined) expect.unreachable();
      hulk.store.crash({ afterWrites });
      await world.deliver(bytes, hulk).catch(() => undefined);
      await world.restart(hulk, answering());
      await world.carry();
      await world.live(60_000);
      expect([...new Set(moki.shown)]).toEqual(['yes']);
    }
  });

  test('a command that only a service takes is not answered as unsupported', async () => {
    const taken: string[] = [];
    const service: MessengerService = {
      name: 's',
      kinds: [Command.kind],
      take({ content }) {
        taken.push(content.kind);
        return {};
      },
    };
    const { world, moki, hulk } = await twoPeers({ services: [service] });
    await moki.messenger.send(Command.create({ command: 'dance' }), hulk.id);
    await moki.messenger.idle();
    const [packet] = moki.sent.splice(0);
    if (packet === undefined) expect.unreachable();
    await world.deliver(packet.bytes, hulk);
    expect(taken).toEqual(['command']);
    expect(hulk.sent).toEqual([]);
  });

  test('a service for all contents gets no commands', async () => {
    const history = testHistory();
    const { world, moki, hulk } = await twoPeers({ services: [history] });
    await moki.messenger.send(Command.create({ command: 'dance' }), hulk.id);
    await world.carry();
    expect(history.written).toEqual([]);
  });
});

describe('a service that throws', () => {
  /** Hulk with a service that throws for texts with an error's name. */
  async function throwing(error: () => unknown, method: 'take' | 'locks' = 'take') {
    const failures: unknown[] = [];
    const fail = ({ content }: { readonly content: Content }): Taken => {
      if ((content.body as TextBody).text === 'bad') throw error();
      return {};
    };
    const service: MessengerService = {
      name: 'thrower',
      kinds: ['text'],
      ...(method === 'take'
        ? { take: fail }
        : {
            take: () => ({}),
            locks: (message) => {
              fail(message);
              return [];
            },
          }),
    };
    const peers = await twoPeers({
      services: [service, testHistory()],
      prepare: (messenger) => {
        messenger.on('handlerFailed', ({ error: thrown }) => failures.push(thrown));
      },
    });
    await peers.hulk.messenger.accept(peers.moki.id);
    return { ...peers, failures };
  }

  test('a protocol error refuses that message for ever, and the next ones come', async () => {
    const { world, moki, hulk } = await throwing(
      () => new ProtocolError('policy/unauthorized', 'the sender must be the author'),
    );
    const [bad, good] = await sendTexts(moki, hulk, 'bad', 'good');
    if (bad === undefined || good === undefined) expect.unreachable();
    for (const bytes of [bad, good, bad]) await world.deliver(bytes, hulk);
    await world.restart(hulk, { services: [testHistory()] });
    await world.deliver(bad, hulk);
    expect(hulk.refused).toEqual(['policy/unauthorized']);
    expect(hulk.shown).toEqual(['good']);
    expect(await namesUnder(hulk, 'history')).toHaveLength(1);
  });

  test.each(['take', 'locks'] as const)(
    'another error in %s is reported, and its sender sends the message again',
    async (method) => {
      const { world, moki, hulk, failures } = await throwing(() => new RangeError('a bug'), method);
      const delivery = await moki.messenger.send(text('bad'), hulk.id);
      await moki.messenger.send(text('good'), hulk.id);
      await world.carry();
      expect(failures).toEqual([new RangeError('a bug')]);
      expect(hulk.shown).toEqual(['good']);
      expect(delivery.state).toBe('sent');
      await world.restart(hulk, { services: [testHistory()] });
      await world.live(MINUTE);
      expect(delivery.state).toBe('received');
      expect(hulk.shown).toEqual(['good', 'bad']);
    },
  );

  test('an error of the store lets the message come again', async () => {
    const { world, moki, hulk } = await throwing(
      () => new ProtocolError('store/unavailable', 'the disk is away'),
    );
    const [bytes] = await sendTexts(moki, hulk, 'bad');
    if (bytes === undefined) expect.unreachable();
    await expect(world.deliver(bytes, hulk)).rejects.toMatchObject({ code: 'store/unavailable' });
    expect(await namesUnder(hulk, 'seen')).toEqual([]);
  });

  test('a service without room lets the message come again, like a full inbox', async () => {
    const { world, moki, hulk } = await throwing(
      () => new ProtocolError('policy/rate-limited', 'there is no room'),
    );
    const [bytes] = await sendTexts(moki, hulk, 'bad');
    if (bytes === undefined) expect.unreachable();
    await world.deliver(bytes, hulk);
    expect(await namesUnder(hulk, 'seen')).toEqual([]);
    expect(hulk.sent).toEqual([]);
  });

  test('changes that no store takes, answers that no type writes, and a callback that throws harm nothing else', async () => {
    const failures: unknown[] = [];
    const bad: readonly Taken[] = [
      { changes: [{ type: 'set', key: [], value: new Uint8Array() }] },
      { changes: [{ type: 'set', key: ['x'], value: 'no bytes' as never }] },
      { answers: [{ kind: 'no such kind', body: {} }] },
      {
        changes: [],
        written: () => {
          throw new TypeError('a bug');
        },
      },
    ];
    let next = 0;
    const { world, moki, hulk } = await twoPeers({
      services: [{ name: 's', kinds: ['text'], take: () => bad[next++] ?? {} }],
      prepare: (messenger) => {
        messenger.on('handlerFailed', ({ error }) => failures.push(error));
      },
    });
    await hulk.messenger.accept(moki.id);
    const packets = await sendTexts(moki, hulk, 'a', 'b', 'c', 'd', 'e');
    for (const bytes of packets) await world.deliver(bytes, hulk);
    expect(failures).toHaveLength(3);
    expect(hulk.failed).toEqual([new TypeError('a bug')]);
    expect(hulk.shown).toEqual(['d', 'e']);
  });

  test('what it throws for an outgoing message is thrown by send, and nothing is sent', async () => {
    const refusal = new ProtocolError('policy/blocked', 'the receiver is blocked');
    const { world, hulk } = await twoPeers();
    const anna = await world.join('anna', {
      services: [
        {
          name: 's',
          kinds: '*',
          sent: () => {
            throw refusal;
          },
        },
      ],
    });
    await acquaint(anna, hulk);
    await expect(anna.messenger.send(text('hi'), hulk.id)).rejects.toBe(refusal);
    await world.carry();
    expect(hulk.shown).toEqual([]);
    expect(await anna.messenger.deliveries()).toEqual([]);
  });
});
