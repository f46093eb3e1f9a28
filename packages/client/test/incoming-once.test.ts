import { isWaiting } from '@dimp/core';
import { Receipt } from '@dimp/extensions/commands';
import { Text } from '@dimp/extensions/contents';
import { decodeBase64, encodeBase64 } from '@dimp/foundation';
import { describe, expect, test } from 'vitest';
import { type Facebook, register } from '../src/index.ts';
import type { protocol } from './people.ts';
import { acquaint, sendTexts, text, twoPeers } from './world.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

describe('a message that comes again is shown once', () => {
  test('at once, after a restart, and with the receipt repeated each time, but not more than once a second', async () => {
    const { world, moki, hulk } = await twoPeers();
    const [bytes] = await sendTexts(moki, hulk, 'hi');
    if (bytes === undefined) expect.unreachable();
    const receipts = async (): Promise<number> => {
      await world.deliver(bytes, hulk);
      return hulk.sent.splice(0).length;
    };
    expect(await receipts()).toBe(1);
    expect(await receipts()).toBe(1);
    expect(await receipts()).toBe(0);
    await world.pass(2 * SECOND);
    expect(await receipts()).toBe(1);
    await world.restart(hulk);
    expect(await receipts()).toBe(1);
    hulk.messenger.reduceMemory();
    await world.pass(2 * SECOND);
    expect(await receipts()).toBe(1);
    expect(hulk.shown).toEqual(['hi']);
  });

  test('until it is refused as too old: there is no time at which it is forgotten and not refused', async () => {
    const { world, moki, hulk } = await twoPeers();
    const [bytes] = await sendTexts(moki, hulk, 'hi');
    if (bytes === undefined) expect.unreachable();
    await world.deliver(bytes, hulk);
    for (let hours = 0; hours < 10 * 24; hours += 6) {
      await world.restart(hulk);
      await world.deliver(bytes, hulk);
      await world.pass(6 * 60 * MINUTE);
    }
    expect(hulk.shown).toEqual(['hi']);
    expect(hulk.refused).toContain('policy/expired');
  });

  test('under another time, another name of ours, and with unsigned members added', async () => {
    const { world, moki, hulk } = await twoPeers();
    const [bytes] = await sendTexts(moki, hulk, 'hi');
    if (bytes === undefined) expect.unreachable();
    await world.deliver(bytes, hulk);
    const wire = JSON.parse(new TextDecoder().decode(bytes));
    for (const changed of [
      { ...wire, time: wire.time + 1 },
      { ...wire, receiver: `${wire.receiver}/phone` },
      { ...wire, sender: `${wire.sender}/phone` },
      { ...wire, traces: ['x'], 'no such member': 1 },
    ]) {
      await world.deliver(new TextEncoder().encode(JSON.stringify(changed)), hulk);
    }
    expect(hulk.shown).toEqual(['hi']);
  });

  test('with another valid signature that was derived from the first one on the way', async () => {
    const { world, hulk } = await twoPeers();
    const eccUser = await world.join('monkey');
    const keys = { algorithm: 'ECC', metaType: '4' } as const;
    const facebook: Facebook<typeof protocol> = eccUser.facebook;
    const { id } = await register('ecc', { facebook, ...keys });
    const [meta, visa] = [await facebook.meta(id), await facebook.document(id)];
    if (meta === undefined || visa === undefined) expect.unreachable();
    await hulk.facebook.saveMeta(meta, id);
    await acquaint(eccUser, hulk);
    const message = await eccUser.messenger.pack(text('hi'), hulk.id, { sender: id });
    if (isWaiting(message)) expect.unreachable();
    const bytes = eccUser.messenger.serialize(message);
    await world.deliver(bytes, hulk);
    const wire = JSON.parse(new TextDecoder().decode(bytes));
    const signature = encodeBase64(mirrored(decodeBase64(wire.signature)));
    expect(signature).not.toBe(wire.signature);
    const again = new TextEncoder().encode(JSON.stringify({ ...wire, signature }));
    // It is valid, or this would prove nothing.
    expect(isWaiting(await hulk.messenger.unpack(again))).toBe(false);
    await world.deliver(again, hulk);
    expect(hulk.shown).toEqual(['hi']);
  });

  test('in the iteration as well, under the same name', async () => {
    const { world, moki, hulk } = await twoPeers();
    await world.restart(hulk, { screen: false });
    const [bytes] = await sendTexts(moki, hulk, 'hi');
    if (bytes === undefined) expect.unreachable();
    await world.deliver(bytes, hulk);
    const first = await hulk.messenger.messages().next();
    // Killed before it was done with.
    await world.restart(hulk, { screen: false });
    await world.deliver(bytes, hulk);
    const iteration = hulk.messenger.messages();
    const second = await iteration.next();
    expect(second.value).toMatchObject({ id: first.value?.id, content: { body: { text: 'hi' } } });
    const [next] = await sendTexts(moki, hulk, 'next');
    if (next === undefined) expect.unreachable();
    await world.deliver(next, hulk);
    expect((await iteration.next()).value?.content).toMatchObject({ body: { text: 'next' } });
  });
});

/** The other valid ECDSA signature with the same r: s becomes n − s. */
function mirrored(der: Uint8Array): Uint8Array {
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const rLength = der[3] ?? 0;
  const r = der.subarray(2, 4 + rLength);
  let s = 0n;
  for (const byte of der.subarray(6 + rLength)) s = s * 256n + BigInt(byte);
  const digits = (order - s).toString(16);
  const hex = digits.length % 2 === 0 ? digits : `0${digits}`;
  const bytes = (hex.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
  if ((bytes[0] ?? 0) >= 0x80) bytes.unshift(0);
  return Uint8Array.from([0x30, r.length + 2 + bytes.length, ...r, 0x02, bytes.length, ...bytes]);
}

describe('two messengers wired together come to rest', () => {
  test('after a text: receipts are not answered', async () => {
    const { world, moki, hulk } = await twoPeers();
    await moki.messenger.send(text('hi'), hulk.id);
    // The text and its receipt.
    expect(await world.carry()).toBe(2);
    await world.live(60 * MINUTE, MINUTE);
    expect(await world.carry()).toBe(0);
  });

  test('after unexpected receipts, for receipts, and of stations and bots', async () => {
    const { world, moki, hulk } = await twoPeers();
    const origin = { sender: hulk.id, receiver: moki.id, sn: 1 };
    for (const body of [{}, { text: 'Content not support.' }, { text: 'x', origin }]) {
      await moki.messenger.send(Receipt.create(body), hulk.id);
    }
    expect(await world.carry()).toBe(3);
  });

  test('when both answer every text with a text, as soon as one of them stops to', async () => {
    const { world, moki, hulk } = await twoPeers();
    let left = 5;
    for (const { messenger } of [moki, hulk]) {
      messenger.handle(Text, () => (left-- > 0 ? text('ping pong') : undefined));
    }
    await moki.messenger.send(text('start'), hulk.id);
    await world.carry();
    await world.live(10 * MINUTE, MINUTE);
    expect(moki.shown.length + hulk.shown.length).toBe(6);
    expect(await moki.messenger.deliveries()).toEqual([]);
  });
});

describe('the order of a sender’s messages', () => {
  test('is kept when they overtake each other', async () => {
    const { world, moki, hulk } = await twoPeers();
    const [one, two, three, four] = await sendTexts(moki, hulk, 'one', 'two', 'three', 'four');
    for (const bytes of [four, two, three]) await world.deliver(bytes!, hulk);
    expect(hulk.shown).toEqual([]);
    await world.deliver(one!, hulk);
    expect(hulk.shown).toEqual(['one', 'two', 'three', 'four']);
    await world.carry();
    expect(await moki.messenger.deliveries()).toEqual([]);
  });

  test('is kept over a restart in between', async () => {
    const { world, moki, hulk } = await twoPeers();
    const [one, two, three] = await sendTexts(moki, hulk, 'one', 'two', 'three');
    await world.deliver(three!, hulk);
    await world.restart(hulk);
    await world.deliver(two!, hulk);
    await world.restart(hulk);
    expect(hulk.shown).toEqual([]);
    await world.deliver(one!, hulk);
    expect(hulk.shown).toEqual(['one', 'two', 'three']);
  });

  test('is not confirmed before it is shown', async () => {
    const { world, moki, hulk } = await twoPeers();
    const [one, two] = await sendTexts(moki, hulk, 'one', 'two');
    await world.deliver(two!, hulk);
    expect(hulk.sent).toEqual([]);
    await world.deliver(one!, hulk);
    expect(hulk.sent).toHaveLength(2);
  });

  test('ends after the time that the application sets, and later messages are shown at once', async () => {
    const { world, moki, hulk } = await twoPeers();
    await world.restart(hulk, { orderTimeout: 10 * SECOND });
    const [one, two, three] = await sendTexts(moki, hulk, 'one', 'two', 'three');
    await world.deliver(two!, hulk);
    await world.deliver(three!, hulk);
    await world.pass(9 * SECOND);
    expect(hulk.shown).toEqual([]);
    await world.pass(2 * SECOND);
    expect(hulk.shown).toEqual(['two', 'three']);
    expect(hulk.sent).toHaveLength(2);
    await world.deliver(one!, hulk);
    expect(hulk.shown).toEqual(['two', 'three', 'one']);
  });

  test('is given up in time after a restart, too', async () => {
    const { world, moki, hulk } = await twoPeers();
    const [, two] = await sendTexts(moki, hulk, 'one', 'two');
    await world.deliver(two!, hulk);
    await world.restart(hulk);
    await world.rest();
    await world.pass(601 * SECOND);
    expect(hulk.shown).toEqual(['two']);
  });

  test('does not wait for messages that are known to have arrived, nor for those of others', async () => {
    const { world, moki, hulk } = await twoPeers();
    const monkey = await world.join('monkey');
    await acquaint(moki, monkey);
    await moki.messenger.send(text('one'), hulk.id);
    await world.carry();
    await sendTexts(moki, monkey, 'to Monkey');
    const [two] = await sendTexts(moki, hulk, 'two');
    await world.deliver(two!, hulk);
    expect(hulk.shown).toEqual(['one', 'two']);
  });

  test('survives a restart of the sender, who still names the unconfirmed message', async () => {
    const { world, moki, hulk } = await twoPeers();
    await sendTexts(moki, hulk, 'one');
    await world.restart(moki);
    await sendTexts(moki, hulk);
    const [two] = await sendTexts(moki, hulk, 'two');
    await world.deliver(two!, hulk);
    expect(hulk.shown).toEqual([]);
    await world.live(MINUTE, 10 * SECOND);
    expect(hulk.shown).toEqual(['one', 'two']);
    expect(await moki.messenger.deliveries()).toEqual([]);
  });
});
