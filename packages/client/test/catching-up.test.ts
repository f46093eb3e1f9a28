import { type Arrival, bindEnvelope, isWaiting, type Transport } from '@dimp/core';
import { ArrayContent } from '@dimp/extensions/contents';
import {
  asyncDisposeSymbol,
  deferred,
  ProtocolError,
  utf8Decode,
  utf8Encode,
} from '@dimp/foundation';
import { signDocument } from '@dimp/mkm';
import { describe, expect, test } from 'vitest';
import type { Messenger } from '../src/index.ts';
import { protocol } from './people.ts';
import { counter, namesUnder, testHistory } from './service.ts';
import { acquaint, type Client, sendTexts, text, twoPeers } from './world.ts';

const MINUTE = 60_000;

/** A connection with payloads that wait at the other end. */
interface Waiting extends Transport {
  /** Payloads that were acknowledged, in order. */
  readonly acknowledged: Uint8Array[];
  readonly sent: Uint8Array[];
  /** Resolves when all payloads were read. */
  readonly read: Promise<void>;
  end(): void;
}

/** @param onPayload - called before each payload is handed over */
function waiting(
  payloads: readonly Uint8Array[],
  onPayload: (index: number) => void = () => {},
): Waiting {
  const acknowledged: Uint8Array[] = [];
  const sent: Uint8Array[] = [];
  const [read, ended] = [deferred(), deferred()];
  async function* incoming(): AsyncGenerator<Arrival> {
    for (const [index, payload] of payloads.entries()) {
      onPayload(index);
      yield { payload, acknowledge: () => void acknowledged.push(payload) };
    }
    read.resolve();
    await ended.promise;
  }
  return {
    acknowledged,
    sent,
    read: read.promise,
    end: ended.resolve,
    incoming: incoming(),
    send: async (payload) => void sent.push(payload),
    close: async () => {},
    [asyncDisposeSymbol]: async () => {},
  };
}

/** Receives what waits. @returns what was acknowledged and sent */
async function receive(
  { messenger }: { readonly messenger: Messenger<typeof protocol> },
  payloads: readonly Uint8Array[],
): Promise<Waiting> {
  const transport = waiting(payloads);
  const connected = messenger.connect(transport);
  await transport.read;
  await messenger.idle();
  transport.end();
  await connected;
  return transport;
}

/** Numbered texts of two senders, in turn. */
async function manyTexts(count: number) {
  const peers = await twoPeers({ services: [testHistory()] });
  const { world, moki, hulk } = peers;
  const anna = await world.join('anna');
  await acquaint(anna, hulk);
  for (const { id } of [moki, anna]) await hulk.messenger.accept(id);
  const packets: Uint8Array[] = [];
  for (let n = 0; n < count; n++) {
    const from = n % 2 === 0 ? moki : anna;
    packets.push(...(await sendTexts(from, hulk, `${from.id.name} ${n}`)));
  }
  return { ...peers, anna, packets };
}

/** One content as its sender packs it for several keys of the receiver, one after the other. */
async function copiesOf(words: string, from: Client, to: Client, count: number) {
  const { transceiver } = from.messenger;
  const time = from.facebook.clock.now() / 1000;
  const envelope = { sender: from.id, receiver: to.id, time };
  const content = protocol.contents.stamp(text(words), { time });
  const copies: Uint8Array[] = [];
  while (copies.length < count) {
    const secure = await transceiver.encrypt({
      envelope,
      content: bindEnvelope(content, envelope),
    });
    if (isWaiting(secure)) throw new TypeError('the receiver has no visa');
    copies.push(transceiver.serialize(await transceiver.sign(secure)));
  }
  return copies;
}

const numbersOf = (shown: readonly string[], name: string): number[] =>
  shown.filter((each) => each.startsWith(name)).map((each) => Number(each.split(' ')[1]));

/** Gives a client a visa that announces arrays of receipts, which the others learn. */
async function announceArrays(client: Client, ...others: readonly Client[]): Promise<void> {
  const { facebook, id } = client;
  const visa = await facebook.document(id);
  const signer = await facebook.requireSigner(id);
  const properties = { ...visa?.properties, accepts: ['chat-1'] };
  const now = (visa?.time ?? 0) + 1;
  const next = await signDocument({ did: id, type: 'visa', properties, now }, signer);
  for (const each of [client, ...others]) await each.facebook.saveDocument(next, id);
}

describe('many messages that wait', () => {
  test('are taken in with few writes, each once and in order, and are all confirmed', async () => {
    const { world, moki, anna, hulk, packets } = await manyTexts(100);
    let writes = 0;
    const batch = hulk.store.batch.bind(hulk.store);
    hulk.store.batch = (changes) => {
      writes += 1;
      return batch(changes);
    };
    const { acknowledged, sent } = await receive(hulk, packets);
    expect(acknowledged).toEqual(packets);
    expect(writes).toBeLessThan(12);
    expect(numbersOf(hulk.shown, 'moki')).toEqual(Array.from({ length: 50 }, (_, n) => n * 2));
    expect(numbersOf(hulk.shown, 'anna')).toEqual(Array.from({ length: 50 }, (_, n) => n * 2 + 1));
    expect(await counter(hulk)).toBe(100);
    for (const bytes of sent) for (const each of [moki, anna]) await world.deliver(bytes, each);
    for (const { messenger } of [moki, anna]) expect(await messenger.deliveries()).toEqual([]);
  });

  test('in one payload are taken in as well', async () => {
    const { hulk, packets } = await manyTexts(150);
    const payload = utf8Encode(packets.map((each) => utf8Decode(each)).join('\n'));
    const { acknowledged } = await receive(hulk, [payload]);
    expect(acknowledged).toEqual([payload]);
    expect(await counter(hulk)).toBe(150);
  });

  test('do not let pings of a station fill the memory meanwhile', async () => {
    const { hulk, packets } = await manyTexts(1);
    const held = deferred();
    const batch = hulk.store.batch.bind(hulk.store);
    hulk.store.batch = async (changes) => {
      await held.promise;
      return batch(changes);
    };
    const ping = utf8Encode('PING');
    const transport = waiting([...packets, ...Array.from({ length: 5000 }, () => ping)]);
    const connected = hulk.messenger.connect(transport);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(transport.sent.length).toBeLessThan(1100);
    held.resolve();
    await transport.read;
    await hulk.messenger.idle();
    transport.end();
    await connected;
    expect(transport.sent.length).toBeGreaterThanOrEqual(5000);
  });

  test.each([false, true])(
    'are neither lost nor doubled when the program is killed at any write (unacknowledged: %s)',
    async (unacknowledged) => {
      for (let afterWrites = 0; afterWrites < 9; afterWrites++) {
        const { world, moki, anna, hulk, packets } = await manyTexts(12);
        hulk.store.crash({ afterWrites, unacknowledged });
        const transport = waiting(packets);
        transport.end();
        await hulk.messenger.connect(transport).catch(() => undefined);
        const seen = await namesUnder(hulk, 'seen');
        expect(await namesUnder(hulk, 'history')).toEqual(seen);
        // What was acknowledged does not come again.
        expect(seen.length).toBeGreaterThanOrEqual(transport.acknowledged.length);
        await world.restart(hulk, { services: [testHistory()] });
        const rest = packets.filter((each) => !transport.acknowledged.includes(each));
        await receive(hulk, rest);
        await world.live(MINUTE);
        expect(await counter(hulk)).toBe(12);
        for (const name of ['moki', 'anna']) {
          const numbers = [...new Set(numbersOf(hulk.shown, name))];
          expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
          expect(numbers).toHaveLength(6);
        }
        for (const { messenger } of [moki, anna]) expect(await messenger.deliveries()).toEqual([]);
      }
    },
  );

  test('behind one that cannot be stored are not received, and come again in order', async () => {
    const { hulk, packets } = await manyTexts(100);
    let writes = 0;
    const batch = hulk.store.batch.bind(hulk.store);
    hulk.store.batch = (changes) => {
      writes += 1;
      // The second batch fails, and the disk is well again for the third.
      if (writes === 2) throw new ProtocolError('store/unavailable', 'the disk is away');
      return batch(changes);
    };
    const first = waiting(packets);
    first.end();
    await expect(hulk.messenger.connect(first)).rejects.toMatchObject({
      code: 'store/unavailable',
    });
    const done = first.acknowledged.length;
    expect(done).toBeLessThan(100);
    expect(await counter(hulk)).toBe(done);
    await receive(hulk, packets.slice(done));
    expect(await counter(hulk)).toBe(100);
    expect(numbersOf(hulk.shown, 'moki')).toEqual(Array.from({ length: 50 }, (_, n) => n * 2));
    expect(hulk.refused).toEqual([]);
  });

  test('are accepted from another copy of the same content if the batch with the first one failed', async () => {
    const { moki, hulk } = await twoPeers();
    await hulk.messenger.accept(moki.id);
    const [first, second] = await copiesOf('hi', moki, hulk, 2);
    if (first === undefined || second === undefined) expect.unreachable();
    const batch = hulk.store.batch.bind(hulk.store);
    hulk.store.batch = (changes) => {
      const isOfMessages = changes.some(({ key: [area] }) => area === 'seen');
      if (isOfMessages) throw new ProtocolError('store/unavailable', 'the disk is away');
      return batch(changes);
    };
    // In one payload, so that they share a batch.
    const lost = waiting([utf8Encode([first, second].map((each) => utf8Decode(each)).join('\n'))]);
    lost.end();
    await expect(hulk.messenger.connect(lost)).rejects.toMatchObject({ code: 'store/unavailable' });
    hulk.store.batch = batch;
    // The sender repeats the newest copy only.
    await receive(hulk, [second]);
    expect(hulk.shown).toEqual(['hi']);
  });

  test('for which there is no room are not acknowledged, and come again in order', async () => {
    const { world, hulk, packets } = await manyTexts(100);
    await world.restart(hulk, { screen: false, inbox: { messages: 40 } });
    let rest: readonly Uint8Array[] = packets;
    const first = await receive(hulk, rest);
    expect(await namesUnder(hulk, 'inbox')).toHaveLength(20);
    const shown: string[] = [];
    const iterating = (async () => {
      for await (const { content } of hulk.messenger.messages()) {
        if (content.kind === 'text') shown.push(content.body.text);
      }
    })();
    rest = rest.filter((each) => !first.acknowledged.includes(each));
    expect(rest.length).toBeGreaterThan(0);
    for (let round = 0; round < 20 && shown.length < 100; round++) {
      const { acknowledged } = await receive(hulk, rest);
      rest = rest.filter((each) => !acknowledged.includes(each));
      await world.pass(MINUTE);
    }
    expect(numbersOf(shown, 'moki')).toEqual(Array.from({ length: 50 }, (_, n) => n * 2));
    expect(numbersOf(shown, 'anna')).toEqual(Array.from({ length: 50 }, (_, n) => n * 2 + 1));
    await hulk.messenger.close();
    await iterating;
  });
});

describe('receipts for many messages', () => {
  test('come as one signed array to a program that reads it, which applies each of them', async () => {
    const { world, moki, hulk } = await twoPeers();
    await announceArrays(moki, hulk);
    const deliveries = [];
    for (let n = 0; n < 30; n++) deliveries.push(await moki.messenger.send(text(`${n}`), hulk.id));
    await moki.messenger.idle();
    const { sent } = await receive(
      hulk,
      moki.sent.splice(0).map(({ bytes }) => bytes),
    );
    expect(sent.length).toBeLessThan(5);
    const kinds: string[] = [];
    for (const bytes of sent) {
      const opened = await moki.messenger.unpack(bytes);
      if ('content' in opened) kinds.push(opened.content.kind);
      await world.deliver(bytes, moki);
    }
    expect(kinds).toContain(ArrayContent.kind);
    expect(deliveries.map(({ state }) => state)).toEqual(deliveries.map(() => 'received'));
    // An array of receipts is not confirmed itself.
    expect(moki.sent).toEqual([]);
  });

  test('are not kept back by messages without receipts that follow without a pause', async () => {
    const { moki, hulk } = await twoPeers();
    const packets = await sendTexts(moki, hulk, 'hi');
    const refused = Array.from({ length: 6000 }, () => utf8Encode('{"no":"message"}'));
    let sentBefore = 0;
    const transport = waiting([...packets, ...refused], (index) => {
      if (index === 4000) sentBefore = transport.sent.length;
    });
    transport.end();
    await hulk.messenger.connect(transport);
    expect(sentBefore).toBe(1);
  });

  test('come one by one to others', async () => {
    const { moki, hulk } = await twoPeers();
    const packets = await sendTexts(moki, hulk, ...Array.from({ length: 30 }, (_, n) => `${n}`));
    const { sent } = await receive(hulk, packets);
    expect(sent).toHaveLength(30);
  });

  test('that the network does not take are owed, also those of an array', async () => {
    const { world, moki, hulk } = await twoPeers();
    await announceArrays(moki, hulk);
    const packets = await sendTexts(moki, hulk, 'a', 'b', 'c');
    const transport = waiting(packets);
    transport.end();
    transport.send = async () => {
      throw new ProtocolError('transport/closed', 'the connection is lost');
    };
    await hulk.messenger.connect(transport);
    await hulk.messenger.idle();
    expect(await namesUnder(hulk, 'owed')).toHaveLength(3);
    await world.restart(hulk);
    await world.carry();
    expect(await namesUnder(hulk, 'owed')).toEqual([]);
    expect(await moki.messenger.deliveries()).toEqual([]);
  });
});
