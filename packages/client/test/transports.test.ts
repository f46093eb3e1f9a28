import type { Arrival, Transport } from '@dimp/core';
import { memoryStore, memoryTransportPair } from '@dimp/core/memory';
import { Command } from '@dimp/extensions/commands';
import { Text } from '@dimp/extensions/contents';
import { ProtocolError } from '@dimp/foundation';
import { crashingStore } from '@dimp/testing/network';
import { describe, expect, test, vi } from 'vitest';
import { Facebook, Messenger } from '../src/index.ts';
import { protocol } from './people.ts';
import { acquaint, metaOf, newMessenger, text, twoPeers, visaOf, World } from './world.ts';

/** Two peers whose programs have ended: the tests start their own messengers. */
async function closedPeers() {
  const { world, moki, hulk } = await twoPeers();
  for (const { messenger } of [moki, hulk]) await messenger.close();
  return { world, moki, hulk };
}

const ascii = (words: string) => new TextEncoder().encode(words);

describe('without a connection of its own', () => {
  test('a messenger hands back receipts, answers to questions, and answers of handlers', async () => {
    const { world, moki, hulk } = await closedPeers();
    const [mine, his] = [await newMessenger(world, moki), await newMessenger(world, hulk)];
    his.handle(Text, ({ content }) => text(`${content.body.text}, too`));
    his.handle(Command, () => Command.create({ command: 'answer' }));
    const pack = async (draft: Parameters<typeof mine.pack>[0]) => {
      const message = await mine.pack(draft, hulk.id);
      if ('status' in message) expect.unreachable();
      return mine.serialize(message);
    };
    const kinds = async (packages: readonly Uint8Array[]) => {
      const found: string[] = [];
      for (const bytes of packages) {
        const opened = await mine.unpack(bytes);
        if ('status' in opened) expect.unreachable();
        found.push(opened.content.kind);
      }
      return found;
    };
    expect(await kinds(await his.receivedPackage(await pack(text('hi'))))).toEqual([
      'receipt',
      'text',
    ]);
    const command = await pack(Command.create({ command: 'dance' }));
    expect(await kinds(await his.receivedPackage(command))).toEqual(['command']);
    // What was handed back is not sent as well.
    expect(await his.deliveries()).toEqual([]);
    expect(await his.receivedPackage(ascii('PING'))).toEqual([ascii('PONG')]);
    for (const word of ['PONG', 'NOOP', '\n', 'OK']) {
      expect(await his.receivedPackage(ascii(word))).toEqual([]);
    }
  });

  test('a messenger reports bytes that are not messages, and goes on', async () => {
    const { world, moki, hulk } = await closedPeers();
    const [mine, his] = [await newMessenger(world, moki), await newMessenger(world, hulk)];
    const refused: string[] = [];
    his.on('refused', ({ error }) => refused.push(error.code));
    const large = new Uint8Array(2 * 1024 * 1024 + 1).fill(0x20);
    const wrong = [Uint8Array.of(0xff, 0xfe), ascii('{"sender":'), ascii('hello'), ascii('ACK:{}')];
    for (const bytes of [...wrong, ascii('{"sender":1}'), large]) {
      expect(await his.receivedPackage(bytes)).toEqual([]);
    }
    expect(refused).toEqual([
      'format/json',
      'format/json',
      'format/json',
      'format/field',
      'format/field',
      'format/limit',
    ]);
    const message = await mine.pack(text('hi'), hulk.id);
    if ('status' in message) expect.unreachable();
    expect(await his.receivedPackage(mine.serialize(message))).toHaveLength(1);
  });

  test('receives several messages of one package in order', async () => {
    const { world, moki, hulk } = await closedPeers();
    const [mine, his] = [await newMessenger(world, moki), await newMessenger(world, hulk)];
    const shown: string[] = [];
    his.handle(Text, ({ content }) => {
      shown.push(content.body.text);
    });
    const lines: string[] = [];
    for (const words of ['one', 'two', 'three']) {
      const message = await mine.pack(text(words), hulk.id);
      if ('status' in message) expect.unreachable();
      lines.push(new TextDecoder().decode(mine.serialize(message)));
    }
    const answers = await his.receivedPackage(ascii(lines.join('\n')));
    expect(shown).toEqual(['one', 'two', 'three']);
    expect(answers).toHaveLength(3);
  });

  test('messages to send wait, and errors of the store are thrown, so that nothing is acknowledged', async () => {
    const { world, moki, hulk } = await closedPeers();
    const [mine, his] = [await newMessenger(world, moki), await newMessenger(world, hulk)];
    const delivery = await mine.send(text('hi'), hulk.id);
    await mine.idle();
    expect(delivery.state).toBe('queued');
    const message = await mine.pack(text('hi'), hulk.id);
    if ('status' in message) expect.unreachable();
    const store = crashingStore(hulk.durable);
    const facebook = new Facebook({ protocol, store, clock: world.time });
    const dying = new Messenger({ facebook, timers: world.time });
    await dying.start();
    store.crash({ afterWrites: 0 });
    await expect(dying.receivedPackage(mine.serialize(message))).rejects.toMatchObject({
      code: 'store/unavailable',
    });
    // It comes again, and nothing is lost.
    expect(await his.receivedPackage(mine.serialize(message))).toHaveLength(1);
  });
});

describe('a connection', () => {
  test('carries waiting messages and receipts, and ends when it is closed', async () => {
    const { world, moki, hulk } = await closedPeers();
    const [mine, his] = [await newMessenger(world, moki), await newMessenger(world, hulk)];
    const shown: string[] = [];
    his.handle(Text, ({ content }) => {
      shown.push(content.body.text);
      return text('and you?');
    });
    const delivery = await mine.send(text('how are you?'), hulk.id);
    const [left, right] = memoryTransportPair();
    const connections = [mine.connect(left), his.connect(right)];
    const { value } = await mine.messages().next();
    expect(value?.content).toMatchObject({ body: { text: 'and you?' } });
    await delivery.reached('received');
    expect(shown).toEqual(['how are you?']);
    await left.close();
    await Promise.all(connections);
    const later = await mine.send(text('still there?'), hulk.id);
    await mine.idle();
    expect(later.state).toBe('queued');
    const [again, there] = memoryTransportPair();
    void mine.connect(again);
    void his.connect(there);
    await later.reached('received');
    expect(shown).toEqual(['how are you?', 'still there?']);
  });

  test('ends when its signal aborts; later messages wait, and the transport stays open', async () => {
    const { world, moki, hulk } = await closedPeers();
    const mine = await newMessenger(world, moki);
    const [left, right] = memoryTransportPair();
    const stop = new AbortController();
    const connection = mine.connect(left, { signal: stop.signal });
    const incoming = right.incoming[Symbol.asyncIterator]();
    await mine.send(text('before'), hulk.id);
    expect((await incoming.next()).done).toBe(false);
    stop.abort();
    await connection;
    const later = await mine.send(text('after'), hulk.id);
    await mine.idle();
    expect(later.state).toBe('queued');
    await left.send(Uint8Array.of(1));
    expect((await incoming.next()).value?.payload).toEqual(Uint8Array.of(1));
    await mine.connect(left, { signal: AbortSignal.abort() });
  });

  test('acknowledges messages on disk, and not those that a full inbox refuses', async () => {
    const world = new World();
    const options = { screen: false, inbox: { messages: 2 } };
    const [moki, hulk] = [await world.join('moki'), await world.join('hulk', options)];
    await acquaint(moki, hulk);
    for (const words of ['a', 'b']) await moki.messenger.send(text(words), hulk.id);
    await moki.messenger.idle();
    const packets = moki.sent.splice(0).map(({ bytes }) => bytes);
    const acknowledged: number[] = [];
    const [transport] = memoryTransportPair();
    const arrivals = async function* (): AsyncGenerator<Arrival> {
      for (const [index, payload] of packets.entries()) {
        yield { payload, acknowledge: () => void acknowledged.push(index) };
      }
    };
    await hulk.messenger.connect({
      incoming: arrivals(),
      send: async () => undefined,
      close: () => transport.close(),
      [Symbol.asyncDispose]: () => transport.close(),
    });
    expect(acknowledged).toEqual([0]);
    expect(hulk.refused).toEqual(['policy/rate-limited']);
  });

  test('answers PING with PONG, and does not mind other words', async () => {
    const { world, moki } = await closedPeers();
    const mine = await newMessenger(world, moki);
    const [left, right] = memoryTransportPair();
    const connection = mine.connect(left);
    for (const word of ['NOOP', 'PING', 'PONG']) await right.send(ascii(word));
    const { value } = await right.incoming[Symbol.asyncIterator]().next();
    expect(value?.payload).toEqual(ascii('PONG'));
    await right.close();
    await connection;
  });

  test('that carries garbage or is lost ends with that error, and unacknowledged messages wait', async () => {
    const { world, moki, hulk } = await closedPeers();
    const mine = await newMessenger(world, moki);
    const [left, right] = memoryTransportPair();
    const connection = mine.connect(left);
    await right.send(ascii('garbage'));
    await expect(connection).rejects.toMatchObject({ code: 'format/json' });
    const lost: Transport = {
      incoming: {
        [Symbol.asyncIterator]: () => ({
          next: () => Promise.reject(new ProtocolError('transport/closed', 'lost')),
        }),
      },
      send: () => Promise.reject(new ProtocolError('transport/closed', 'lost')),
      close: async () => {},
      [Symbol.asyncDispose]: async () => {},
    };
    await expect(mine.connect(lost)).rejects.toMatchObject({ code: 'transport/closed' });
    const delivery = await mine.send(text('hi'), hulk.id);
    await mine.idle();
    expect(delivery.state).toBe('queued');
  });

  test('that a wrong message comes through goes on', async () => {
    const { world, moki, hulk } = await closedPeers();
    const [mine, his] = [await newMessenger(world, moki), await newMessenger(world, hulk)];
    const refused: string[] = [];
    his.on('refused', ({ error }) => refused.push(error.code));
    const [left, right] = memoryTransportPair();
    void his.connect(right);
    await left.send(ascii('{"sender":"x"}'));
    void mine.connect(left);
    const delivery = await mine.send(text('hi'), hulk.id);
    await delivery.reached('received');
    expect(refused).toHaveLength(1);
  });

  test('of a handler that takes its time does not keep others from being received', async () => {
    const { world, moki, hulk } = await closedPeers();
    const monkey = await world.join('monkey');
    await acquaint(moki, hulk, monkey);
    const his = await newMessenger(world, hulk);
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const shown: string[] = [];
    his.handle(Text, async ({ content }) => {
      if (content.body.text === 'slow') await gate;
      shown.push(content.body.text);
    });
    const [left, right] = memoryTransportPair();
    void his.connect(right);
    const mine = await newMessenger(world, moki);
    for (const [from, words] of [
      [mine, 'slow'],
      [monkey.messenger, 'fast'],
    ] as const) {
      const message = await from.pack(text(words), hulk.id);
      if ('status' in message) expect.unreachable();
      await left.send(from.serialize(message));
    }
    await vi.waitFor(() => expect(shown).toEqual(['fast']));
    release();
    await vi.waitFor(() => expect(shown).toEqual(['fast', 'slow']));
  });

  test('asks for missing metas and visas as soon as there is one', async () => {
    const world = new World();
    const [moki, hulk] = [await world.join('moki'), await world.join('hulk')];
    const mine = await newMessenger(world, moki);
    const delivery = await mine.send(text('hi'), hulk.id);
    await mine.idle();
    const [left, right] = memoryTransportPair();
    void mine.connect(left);
    const incoming = right.incoming[Symbol.asyncIterator]();
    const kinds: string[] = [];
    for (let n = 0; n < 2; n++) {
      const { value } = await incoming.next();
      kinds.push(protocol.parseContent(protocol.parseMessage(value?.payload).data).kind);
    }
    expect(kinds).toEqual(['meta', 'documents']);
    await mine.facebook.saveMeta(await metaOf(hulk), hulk.id);
    await mine.facebook.saveDocument(await visaOf(hulk), hulk.id);
    await delivery.reached('sent');
  });
});

describe('a messenger that is disposed of', () => {
  test('ends iterations and connections, and rejects everything from then on', async () => {
    const { world, moki, hulk } = await closedPeers();
    const mine = await newMessenger(world, moki);
    const iteration = mine.messages().next();
    const [left, right] = memoryTransportPair();
    const connection = mine.connect(left);
    await mine.idle();
    await mine.close();
    await mine.close();
    expect((await iteration).done).toBe(true);
    await connection;
    const stopped = { code: 'state/stopped' };
    await expect(mine.send(text('x'), hulk.id)).rejects.toMatchObject(stopped);
    await expect(mine.receivedPackage(ascii('PING'))).rejects.toMatchObject(stopped);
    await expect(mine.connect(right)).rejects.toMatchObject(stopped);
    await expect(mine.deliveries()).rejects.toMatchObject(stopped);
    await expect(mine.start()).rejects.toMatchObject(stopped);
    await expect(mine.messages().next()).rejects.toMatchObject(stopped);
    // Neither store nor transport are its own.
    expect(await mine.facebook.meta(moki.id)).toBeDefined();
    await right.send(ascii('PING'));
  });

  test('before it was started has nothing to stop', async () => {
    const facebook = new Facebook({ protocol, store: memoryStore() });
    await new Messenger({ facebook }).close();
  });

  test('does nothing more by the clock', async () => {
    const { world, moki, hulk } = await closedPeers();
    let sent = 0;
    const facebook = new Facebook({ protocol, store: moki.durable, clock: world.time });
    const mine = new Messenger({
      facebook,
      timers: world.time,
      sendPackage: async () => {
        sent += 1;
      },
    });
    await mine.send(text('hi'), hulk.id);
    await mine.idle();
    expect(sent).toBe(1);
    await mine.close();
    await world.pass(60 * 60_000);
    expect(sent).toBe(1);
  });
});

test('a start that failed because of the store goes better the next time', async () => {
  const { world, moki, hulk } = await closedPeers();
  const broken = crashingStore(moki.durable);
  let works = false;
  const store = new Proxy(moki.durable, {
    get: (target, name) => {
      const value = Reflect.get(works ? target : broken, name);
      return typeof value === 'function' ? value.bind(works ? target : broken) : value;
    },
  });
  broken.crash();
  const facebook = new Facebook({ protocol, store, clock: world.time });
  const mine = new Messenger({ facebook, timers: world.time });
  await expect(mine.send(text('hi'), hulk.id)).rejects.toMatchObject({ code: 'store/unavailable' });
  works = true;
  const delivery = await mine.send(text('hi'), hulk.id);
  expect(delivery.state).toBe('queued');
  await mine.close();
});
