import { memoryStore } from '@dimp/core/memory';
import { decodeBase64, encodeBase64, type JsonObject } from '@dimp/foundation';
import { pathsOf } from '@dimp/testing/stores';
import { describe, expect, test } from 'vitest';
import { NeverForgotten } from '../src/inbox/never-forgotten.ts';
import { bytesOf, oldMessage } from './old-peer.ts';
import { type Client, text, twoPeers, type World } from './world.ts';

const DAY = 24 * 3_600_000;

function secondsOf({ time }: World): number {
  return Math.floor(time.now() / 1000);
}

/** As programs wrote it whose time stands in the first block, which can be changed through the IV. */
function timeFirst(world: World): string {
  return `{"time":${secondsOf(world)},"type":1,"sn":7,"text":"Yes, transfer the 100 coins."}`;
}

/** As programs of the second generation write it: the time stands behind the first block. */
function timeBehind(world: World): string {
  return `{"type":1,"sn":2718281828,"time":${secondsOf(world)},"text":"later in the text"}`;
}

/** Writes another time into the first block, as any carrier of the message can, because the IV is not signed. */
function redated(wire: JsonObject, from: number, to: number): JsonObject {
  const block = (time: number): string => `{"time":${time}`.slice(0, 16);
  const iv = decodeBase64(String(wire['IV']));
  const changed = iv.map(
    (byte, index) => byte ^ block(from).charCodeAt(index) ^ block(to).charCodeAt(index),
  );
  return { ...wire, IV: encodeBase64(changed), time: to };
}

async function neverForgotten({ durable }: Client): Promise<readonly string[]> {
  return (await pathsOf(durable)).filter((path) => path.startsWith('never-forgotten'));
}

describe('a message that comes again after its record was forgotten', () => {
  test('with another time written into it through the IV is not shown again', async () => {
    const { world, moki, hulk } = await twoPeers();
    const written = secondsOf(world);
    const wire = await oldMessage(moki, hulk, { text: timeFirst(world), time: written });
    await world.deliver(bytesOf(wire), hulk);
    await world.pass(9 * DAY);
    await world.restart(hulk);
    await world.rest();
    expect((await pathsOf(hulk.durable)).filter((path) => path.startsWith('seen'))).toEqual([]);
    await world.deliver(bytesOf(redated(wire, written, secondsOf(world))), hulk);
    expect(hulk.shown).toEqual(['Yes, transfer the 100 coins.']);
    // It was opened and found fresh, or this would prove nothing.
    expect(hulk.refused).toEqual([]);
  });

  test('and whose time stands behind the first block is refused by its age, and takes no room for ever', async () => {
    const { world, moki, hulk } = await twoPeers();
    const time = secondsOf(world);
    const wire = await oldMessage(moki, hulk, { text: timeBehind(world), time });
    await world.deliver(bytesOf(wire), hulk);
    expect(await neverForgotten(hulk)).toEqual([]);
    await world.pass(9 * DAY);
    await world.restart(hulk);
    await world.deliver(bytesOf({ ...wire, time: secondsOf(world) }), hulk);
    expect(hulk.shown).toEqual(['later in the text']);
    expect(hulk.refused).toEqual(['policy/expired']);
  });

  test.each(['{"sn":7,"type":1,"text":"no time"}', '{"T":1,"N":7,"text":"short names"}'])(
    'and has no time at all is not shown again, with any time in its envelope: %s',
    async (content) => {
      const { world, moki, hulk } = await twoPeers();
      const wire = await oldMessage(moki, hulk, { text: content, time: secondsOf(world) });
      for (let weeks = 0; weeks < 3; weeks++) {
        await world.deliver(bytesOf({ ...wire, time: secondsOf(world) }), hulk);
        await world.pass(7 * DAY);
        await world.restart(hulk);
      }
      expect(hulk.shown).toHaveLength(1);
      expect(hulk.refused).toEqual([]);
    },
  );

  test('of our own programs cannot be given another IV', async () => {
    const { world, moki, hulk } = await twoPeers();
    await world.restart(moki, { cipher: 'AES' });
    const packed = await moki.messenger.pack(text('bound'), hulk.id);
    if ('status' in packed) expect.unreachable();
    const iv = decodeBase64(String(packed.wire['IV']));
    iv[3] = (iv[3] ?? 0) ^ 1;
    await world.deliver(bytesOf({ ...packed.wire, IV: encodeBase64(iv) }), hulk);
    expect(hulk.refused).toEqual(['crypto/decrypt']);
    await world.deliver(bytesOf(packed.wire), hulk);
    expect(hulk.shown).toEqual(['bound']);
    expect(await neverForgotten(hulk)).toEqual([]);
  });
});

test('messages tell whether their time can be trusted; those with another one show when they arrived', async () => {
  const { world, moki, hulk } = await twoPeers();
  await world.restart(hulk, { screen: false });
  const hour = 3600;
  const early = secondsOf(world) - hour;
  const old = `{"time":${early},"type":1,"sn":7,"text":"old"}`;
  await world.deliver(bytesOf(await oldMessage(moki, hulk, { text: old, time: early })), hulk);
  const behind = `{"type":1,"sn":2718281829,"time":${early},"text":"behind"}`;
  await world.deliver(bytesOf(await oldMessage(moki, hulk, { text: behind, time: early })), hulk);
  // Read back from disk, too.
  await world.restart(hulk, { screen: false });
  const iteration = hulk.messenger.messages();
  const first = (await iteration.next()).value;
  expect(first).toMatchObject({ timeTrusted: false, proven: false, written: first?.arrived });
  expect((await iteration.next()).value).toMatchObject({
    timeTrusted: true,
    proven: false,
    written: early * 1000,
  });
});

describe('names that are never forgotten', () => {
  test('take 16 bytes each, and do not show without the device key whether a message was received', async () => {
    const [store, other] = [memoryStore(), memoryStore()];
    const [names, others] = [new NeverForgotten(store), new NeverForgotten(other)];
    const count = 500;
    for (let n = 0; n < count; n++) {
      const change = await names.change(`message ${n}`);
      await store.batch([change]);
      // The same name twice takes no more room.
      await store.batch([await names.change(`message ${n}`)]);
    }
    await other.batch([await others.change('message 0')]);
    let bytes = 0;
    for await (const [, value] of store.list(['never-forgotten'])) bytes += value.length;
    expect(bytes).toBe(16 * count);
    const again = new NeverForgotten(store);
    for (let n = 0; n < count; n++) expect(await again.has(`message ${n}`)).toBe(true);
    expect(await again.has('another message')).toBe(false);
    const paths = [...(await pathsOf(store)), ...(await pathsOf(other))];
    expect(paths.join()).not.toContain('message 0');
    const [own] = await listed(other);
    expect(await listed(store)).not.toContainEqual(own);
  });
});

async function listed(store: ReturnType<typeof memoryStore>): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const [, value] of store.list(['never-forgotten'])) {
    for (let at = 0; at < value.length; at += 16) {
      found.push(encodeBase64(value.subarray(at, at + 16)));
    }
  }
  return found;
}
