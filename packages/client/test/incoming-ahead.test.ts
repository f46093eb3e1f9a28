import { encodeBase64, parseJsonObject, stringifyJson, utf8Encode } from '@dimp/foundation';
import { pathsOf } from '@dimp/testing/stores';
import { describe, expect, test } from 'vitest';
import { Facebook, Messenger } from '../src/index.ts';
import { protocol } from './people.ts';
import { type Client, tell, text, twoPeers, World } from './world.ts';

const HOUR = 3_600_000;

/** A message of a sender whose clock is ahead of all others. */
async function fromTheFuture(
  world: World,
  moki: Client,
  hulk: Client,
  words: string,
  ahead: number,
) {
  const clock = { now: () => world.time.now() + ahead };
  const facebook = new Facebook({ protocol, store: moki.durable, clock });
  const messenger = new Messenger({ facebook });
  const message = await messenger.pack(text(words), hulk.id);
  if ('status' in message) expect.unreachable();
  return messenger.serialize(message);
}

/** Number of deferred messages. */
async function kept({ durable }: Client, room = 'ahead'): Promise<number> {
  return (await pathsOf(durable)).filter((path) => path.startsWith(`${room}/`)).length;
}

describe('a message from the future', () => {
  test('is kept, reported, and shown when its time has come by our clock', async () => {
    const { world, moki, hulk } = await twoPeers();
    const bytes = await fromTheFuture(world, moki, hulk, 'hi', 2 * HOUR);
    expect(await hulk.messenger.receivedPackage(bytes)).toEqual([]);
    expect(hulk.refused).toEqual(['policy/expired']);
    expect(hulk.shown).toEqual([]);
    await world.pass(HOUR);
    expect(hulk.shown).toEqual([]);
    await world.pass(HOUR);
    expect(hulk.shown).toEqual(['hi']);
    // Once is enough, for what is told and for what is shown.
    expect(hulk.refused).toEqual(['policy/expired']);
    await hulk.messenger.receivedPackage(bytes);
    await world.pass(HOUR);
    expect(hulk.shown).toEqual(['hi']);
  });

  test('is kept over a restart', async () => {
    const { world, moki, hulk } = await twoPeers();
    await hulk.messenger.receivedPackage(await fromTheFuture(world, moki, hulk, 'hi', 2 * HOUR));
    await world.restart(hulk, { screen: true });
    await world.pass(2 * HOUR);
    expect(hulk.shown).toEqual(['hi']);
  });

  test('whose envelope was dated ahead on the way does not keep the genuine one out', async () => {
    const { world, moki, hulk } = await twoPeers();
    const bytes = await fromTheFuture(world, moki, hulk, 'hi', 0);
    const wire = parseJsonObject(bytes);
    const dated = stringifyJson({ ...wire, time: Number(wire['time']) + 86_400 });
    await hulk.messenger.receivedPackage(utf8Encode(dated));
    expect(hulk.refused).toEqual(['policy/expired']);
    expect(hulk.shown).toEqual([]);
    await hulk.messenger.receivedPackage(bytes);
    expect(hulk.shown).toEqual(['hi']);
    await world.pass(25 * HOUR);
    expect(hulk.shown).toEqual(['hi']);
  });

  test('whose envelope was dated further ahead on the way is not kept in place of the genuine one', async () => {
    const { world, moki, hulk } = await twoPeers();
    const bytes = await fromTheFuture(world, moki, hulk, 'hi', 2 * HOUR);
    const wire = parseJsonObject(bytes);
    const dated = stringifyJson({ ...wire, time: Number(wire['time']) + 3600 });
    await hulk.messenger.receivedPackage(utf8Encode(dated));
    expect(await kept(hulk)).toBe(0);
    await hulk.messenger.receivedPackage(bytes);
    expect(await kept(hulk)).toBe(1);
    await world.pass(2 * HOUR);
    expect(hulk.shown).toEqual(['hi']);
  });

  test('without a valid signature is not kept, and evicts none of the sender’s messages', async () => {
    const { world, moki, hulk } = await twoPeers();
    const bytes = await fromTheFuture(world, moki, hulk, 'hi', 2 * HOUR);
    await hulk.messenger.receivedPackage(bytes);
    const wire = parseJsonObject(bytes);
    for (let n = 0; n < 32; n++) {
      const forged = { ...wire, data: encodeBase64(Uint8Array.of(n)), time: wire['time'] };
      await hulk.messenger.receivedPackage(utf8Encode(stringifyJson(forged)));
    }
    expect(hulk.refused.slice(1)).toEqual(Array(32).fill('crypto/signature'));
    expect(await kept(hulk)).toBe(1);
    await world.pass(2 * HOUR);
    expect(hulk.shown).toEqual(['hi']);
  });

  test('of a stranger waits for their meta, and then for its time', async () => {
    const world = new World();
    const [moki, hulk] = [await world.join('moki'), await world.join('hulk', { screen: true })];
    await tell(moki, hulk);
    await hulk.messenger.receivedPackage(await fromTheFuture(world, moki, hulk, 'hi', 2 * HOUR));
    expect([await kept(hulk, 'suspended'), await kept(hulk)]).toEqual([1, 0]);
    await tell(hulk, moki);
    await hulk.messenger.idle();
    expect([await kept(hulk, 'suspended'), await kept(hulk)]).toEqual([0, 1]);
    await world.pass(2 * HOUR);
    expect(hulk.shown).toEqual(['hi']);
  });

  test('counts against the limit of deferred messages, and is removed when it is too old', async () => {
    const { world, moki, hulk } = await twoPeers();
    for (let n = 0; n < 40; n++) {
      await hulk.messenger.receivedPackage(
        await fromTheFuture(world, moki, hulk, `${n}`, 1000 * HOUR),
      );
    }
    expect(await kept(hulk)).toBe(32);
    await world.pass(9 * 24 * HOUR);
    expect(await kept(hulk)).toBe(0);
    expect(hulk.shown).toEqual([]);
  });
});
