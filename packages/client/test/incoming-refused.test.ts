import { isWaiting } from '@dimp/core';
import { ArrayContent, Forward, Text } from '@dimp/extensions/contents';
import type { JsonObject } from '@dimp/foundation';
import { ANYONE, type ID } from '@dimp/mkm';
import { describe, expect, test } from 'vitest';
import { protocol } from './people.ts';
import { acquaint, type Client, text, twoPeers, uncheckedMessage } from './world.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

type AnyDraft = Parameters<Client['messenger']['pack']>[0];

async function wireOf(from: Client, draft: AnyDraft, to: ID): Promise<Record<string, unknown>> {
  const message = await from.messenger.pack(draft, to);
  if (isWaiting(message)) expect.unreachable();
  return JSON.parse(new TextDecoder().decode(from.messenger.serialize(message)));
}

const bytesOf = (wire: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(wire));

describe('refused, with its code, and without an answer, is', () => {
  test('a message with a forged signature, or signed by another user', async () => {
    const { world, moki, hulk } = await twoPeers();
    const eve = await world.join('eve');
    await acquaint(eve, hulk);
    const wire = await wireOf(eve, text('trust me'), hulk.id);
    await world.deliver(bytesOf({ ...wire, sender: moki.id.text }), hulk);
    const signature = String(wire['signature']);
    const flipped = (signature[0] === 'A' ? 'B' : 'A') + signature.slice(1);
    await world.deliver(bytesOf({ ...wire, signature: flipped }), hulk);
    expect(hulk.refused).toEqual(['crypto/signature', 'crypto/signature']);
    expect([hulk.shown, hulk.sent]).toEqual([[], []]);
  });

  test('a message to another user', async () => {
    const { world, moki, hulk } = await twoPeers();
    const eve = await world.join('eve');
    await acquaint(moki, eve);
    await world.deliver(bytesOf(await wireOf(moki, text('for Eve'), eve.id)), hulk);
    expect(hulk.refused).toEqual(['identity/not-found']);
    expect([hulk.shown, hulk.sent]).toEqual([[], []]);
  });

  test('a message whose envelope names us, but whose content names another user', async () => {
    const { world, moki, hulk } = await twoPeers();
    const wire = await wireOf(moki, text('to all'), ANYONE);
    await world.deliver(bytesOf({ ...wire, receiver: hulk.id.text }), hulk);
    expect(hulk.refused).toHaveLength(1);
    expect(hulk.shown).toEqual([]);
  });

  test('damaged JSON; the messages behind it in the same package are accepted', async () => {
    const { world, moki, hulk } = await twoPeers();
    const good = await wireOf(moki, text('good'), hulk.id);
    const lines = ['{"sender": }', '{}', '{"a":1}', JSON.stringify(good)].join('\n');
    await world.deliver(new TextEncoder().encode(lines), hulk);
    expect(hulk.refused).toEqual(['format/json', 'format/field', 'format/field']);
    expect(hulk.shown).toEqual(['good']);
  });

  test('bytes that are no messages at all: the package is refused', async () => {
    const { hulk } = await twoPeers();
    for (const bytes of [new Uint8Array([0xff, 0xfe]), new TextEncoder().encode('nonsense')]) {
      await hulk.messenger.receivedPackage(bytes);
    }
    expect(hulk.refused).toEqual(['format/json', 'format/json']);
    await hulk.messenger.receivedPackage(new Uint8Array(2 * 1024 * 1024 + 1));
    expect(hulk.refused.at(-1)).toBe('format/limit');
  });

  test('a message that is too old, by its envelope or by its content', async () => {
    const { world, moki, hulk } = await twoPeers();
    const wire = await wireOf(moki, text('old'), hulk.id);
    const time = Number(wire['time']);
    await world.deliver(bytesOf({ ...wire, time: time - 9 * 24 * 3600 }), hulk);
    expect(hulk.refused).toEqual(['policy/expired']);
    // An attacker can renew the time of the envelope, and not that of the content.
    await world.pass(9 * DAY);
    await world.deliver(bytesOf({ ...wire, time: world.time.now() / 1000 }), hulk);
    await world.deliver(bytesOf({ ...wire, time: 0 }), hulk);
    expect(hulk.refused).toHaveLength(3);
    expect(new Set(hulk.refused)).toEqual(new Set(['policy/expired']));
    expect([hulk.shown, hulk.sent]).toEqual([[], []]);
  });

  test('a message outside of the application’s own policy', async () => {
    const { world, moki, hulk } = await twoPeers();
    await world.restart(hulk, { freshness: { maxAge: MINUTE } });
    const wire = await wireOf(moki, text('late'), hulk.id);
    await world.pass(2 * MINUTE);
    await world.deliver(bytesOf(wire), hulk);
    expect(hulk.refused).toEqual(['policy/expired']);
  });

  test('reports the sender in the envelope, if there is one', async () => {
    const { world, moki, hulk } = await twoPeers();
    const senders: (ID | undefined)[] = [];
    hulk.messenger.on('refused', ({ sender }) => senders.push(sender));
    const wire = await wireOf(moki, text('x'), hulk.id);
    await world.deliver(bytesOf({ ...wire, data: btoa('x') }), hulk);
    await world.deliver(bytesOf({ a: 1 }), hulk);
    expect(senders.map((sender) => sender?.entity)).toEqual([moki.id.entity, undefined]);
  });
});

describe('a forward', () => {
  /** A message inside as many forwards. */
  async function nested(moki: Client, hulk: Client, depth: number): Promise<Uint8Array> {
    let wire = await wireOf(moki, text(`depth ${depth}`), hulk.id);
    for (let n = 0; n < depth; n++) {
      wire = await wireOf(moki, Forward.create({ messages: [wire as JsonObject] }), hulk.id);
    }
    return bytesOf(wire);
  }

  test('of forwards is opened four deep and no deeper', async () => {
    const { world, moki, hulk } = await twoPeers();
    for (const depth of [1, 4, 5]) await world.deliver(await nested(moki, hulk, depth), hulk);
    expect(hulk.shown).toEqual(['depth 1', 'depth 4']);
    expect(hulk.refused).toEqual(['format/limit']);
  });

  test('holds 64 messages at most, and each is verified on its own', async () => {
    const { world, moki, hulk } = await twoPeers();
    const eve = await world.join('eve');
    await acquaint(eve, hulk);
    const messages: JsonObject[] = [];
    for (let n = 0; n < 63; n++) {
      messages.push((await wireOf(moki, text(`${n}`), hulk.id)) as JsonObject);
    }
    const forged = { ...(await wireOf(eve, text('forged'), hulk.id)), sender: moki.id.text };
    messages.splice(10, 0, forged as JsonObject);
    await world.deliver(bytesOf(await wireOf(eve, Forward.create({ messages }), hulk.id)), hulk);
    expect(hulk.shown).toEqual(Array.from({ length: 63 }, (_, n) => String(n)));
    expect(hulk.refused).toEqual(['crypto/signature']);
    messages.push((await wireOf(moki, text('one more'), hulk.id)) as JsonObject);
    await world.deliver(bytesOf(await wireOf(eve, Forward.create({ messages }), hulk.id)), hulk);
    expect(hulk.shown).toHaveLength(63);
    expect(hulk.refused).toEqual(['crypto/signature', 'format/limit']);
  });

  test('is answered with a forward of the receipts for the authors of its messages', async () => {
    const { world, moki, hulk } = await twoPeers();
    const carrier = await world.join('carrier');
    await acquaint(carrier, hulk);
    const delivery = await moki.messenger.send(text('hi'), hulk.id);
    await moki.messenger.idle();
    const [packet] = moki.sent.splice(0);
    if (packet === undefined) expect.unreachable();
    const inside = JSON.parse(new TextDecoder().decode(packet.bytes));
    const forward = Forward.create({ messages: [inside] });
    await world.deliver(bytesOf(await wireOf(carrier, forward, hulk.id)), hulk);
    expect(hulk.shown).toEqual(['hi']);
    const [answer, ...others] = hulk.sent.splice(0);
    if (answer === undefined) expect.unreachable();
    expect(others).toEqual([]);
    expect(answer.to.entity).toBe(carrier.id.entity);
    const opened = await carrier.messenger.unpack(answer.bytes);
    if (isWaiting(opened) || opened.content.kind !== 'forward') expect.unreachable();
    const { messages } = opened.content.body as { messages: JsonObject[] };
    expect(messages).toHaveLength(1);
    await world.deliver(bytesOf(messages[0]), moki);
    expect(delivery.state).toBe('received');
  });
});

describe('an array', () => {
  const stamped = (client: Client, draft: AnyDraft) =>
    protocol.contents.stamp(draft as never, { time: client.facebook.clock.now() / 1000 });

  test('is taken in content by content, once, and gets one receipt', async () => {
    const { world, moki, hulk } = await twoPeers();
    const contents = ['one', 'two'].map((words) => stamped(moki, text(words)));
    const delivery = await moki.messenger.send(ArrayContent.create({ contents }), hulk.id);
    await moki.messenger.idle();
    const [packet] = moki.sent;
    if (packet === undefined) expect.unreachable();
    await world.deliver(packet.bytes, hulk);
    expect(hulk.sent).toHaveLength(1);
    await world.carry();
    expect(hulk.shown).toEqual(['one', 'two']);
    expect(delivery.state).toBe('received');
  });

  test('of more than 64 contents is refused', async () => {
    const { world, moki, hulk } = await twoPeers();
    const contents = Array.from({ length: 65 }, (_, n) => stamped(moki, text(`${n}`)));
    const draft = ArrayContent.create({ contents: contents.slice(1) });
    await world.deliver(bytesOf(await wireOf(moki, draft, hulk.id)), hulk);
    expect(hulk.shown).toHaveLength(64);
    const tooMany = { type: 202, contents: contents.map(({ wire }) => wire) };
    await world.deliver(await uncheckedMessage(world, moki, hulk, tooMany, 8), hulk);
    expect(hulk.shown).toHaveLength(64);
    expect(hulk.refused).toEqual(['format/limit']);
  });

  test('inside an array, and a forward inside one, are opened as well', async () => {
    const { world, moki, hulk } = await twoPeers();
    const inside = (await wireOf(moki, text('forwarded'), hulk.id)) as JsonObject;
    const inner = ArrayContent.create({
      contents: [stamped(moki, Text.create({ text: 'deep' })), stamped(moki, text('deeper'))],
    });
    const contents = [
      stamped(moki, text('first')),
      stamped(moki, inner),
      stamped(moki, Forward.create({ messages: [inside] })),
      stamped(moki, text('last')),
    ];
    const delivery = await moki.messenger.send(ArrayContent.create({ contents }), hulk.id);
    await world.carry();
    // What is forwarded comes first: it may not find room, and then the array comes again.
    expect(hulk.shown).toEqual(['forwarded', 'first', 'deep', 'deeper', 'last']);
    expect(delivery.state).toBe('received');
  });
});
