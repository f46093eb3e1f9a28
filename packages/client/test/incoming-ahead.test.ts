import { describe, expect, test } from 'vitest';
import { Facebook, Messenger } from '../src/index.ts';
import { protocol } from './people.ts';
import { acquaint, type Client, text, World } from './world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

async function couple() {
  const world = new World();
  const [moki, hulk] = [await world.join('moki'), await world.join('hulk', { screen: true })];
  await acquaint(moki, hulk);
  return { world, moki, hulk };
}

/** A message as somebody packs it whose clock is ahead of everybody's. */
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

describe('a message from the future', () => {
  test('is kept, reported, and shown when its time has come by our clock', async () => {
    const { world, moki, hulk } = await couple();
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
    const { world, moki, hulk } = await couple();
    await hulk.messenger.receivedPackage(await fromTheFuture(world, moki, hulk, 'hi', 2 * HOUR));
    await world.restart(hulk, { screen: true });
    await world.pass(2 * HOUR);
    expect(hulk.shown).toEqual(['hi']);
  });

  test('whose envelope somebody has dated ahead does not keep the true one out', async () => {
    const { world, moki, hulk } = await couple();
    const bytes = await fromTheFuture(world, moki, hulk, 'hi', 0);
    const wire = JSON.parse(new TextDecoder().decode(bytes));
    const dated = JSON.stringify({ ...wire, time: wire.time + 86_400 });
    await hulk.messenger.receivedPackage(new TextEncoder().encode(dated));
    expect(hulk.shown).toEqual([]);
    await hulk.messenger.receivedPackage(bytes);
    expect(hulk.shown).toEqual(['hi']);
    await world.pass(25 * HOUR);
    expect(hulk.shown).toEqual(['hi']);
  });

  test('forged ones are no more than fit into a waiting room, and go when they are too old', async () => {
    const { world, moki, hulk } = await couple();
    for (let n = 0; n < 40; n++) {
      await hulk.messenger.receivedPackage(
        await fromTheFuture(world, moki, hulk, `${n}`, 1000 * HOUR),
      );
    }
    const kept = async () => {
      let count = 0;
      for await (const _ of hulk.durable.list(['ahead'])) count += 1;
      return count;
    };
    expect(await kept()).toBe(32);
    await world.pass(9 * 24 * HOUR);
    expect(await kept()).toBe(0);
    expect(hulk.shown).toEqual([]);
  });
});
