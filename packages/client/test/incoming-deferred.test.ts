import { describe, expect, test } from 'vitest';
import type { DeferredMessage } from '../src/index.ts';
import { type Client, sendTexts, tell, text, twoPeers, World } from './world.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** The second of two messages; the first one is lost. */
async function second(moki: Client, hulk: Client): Promise<Uint8Array> {
  const [, bytes] = await sendTexts(moki, hulk, 'one', 'two');
  if (bytes === undefined) expect.unreachable();
  return bytes;
}

describe('a message whose predecessor was lost', () => {
  test('is shown ten minutes after its arrival to a program that never runs for ten minutes in one go', async () => {
    const { world, moki, hulk } = await twoPeers();
    await world.deliver(await second(moki, hulk), hulk);
    for (let runs = 0; runs < 9; runs++) {
      await world.pass(MINUTE);
      await world.restart(hulk);
      await world.rest();
    }
    expect(hulk.shown).toEqual([]);
    await world.pass(MINUTE + SECOND);
    expect(hulk.shown).toEqual(['two']);
  });

  test('is shown at once to a program that starts after that time', async () => {
    const { world, moki, hulk } = await twoPeers();
    await world.deliver(await second(moki, hulk), hulk);
    hulk.store.crash();
    await hulk.messenger.close();
    await world.pass(11 * MINUTE);
    await world.restart(hulk);
    await world.rest();
    expect(hulk.shown).toEqual(['two']);
    // Its sender hears of it.
    expect(hulk.sent.map(({ to }) => to.entity)).toEqual([moki.id.entity]);
  });

  test('waits no longer than that when the clock is set back meanwhile', async () => {
    const { world, moki, hulk } = await twoPeers();
    await world.deliver(await second(moki, hulk), hulk);
    const [path] = await early(hulk);
    if (path === undefined) expect.unreachable();
    const record = JSON.parse(new TextDecoder().decode(await hulk.durable.get(path)));
    const ahead = { ...record, arrived: record.arrived + 365 * 24 * 60 * MINUTE };
    await hulk.durable.set(path, new TextEncoder().encode(JSON.stringify(ahead)));
    await world.restart(hulk);
    await world.rest();
    await world.pass(9 * MINUTE);
    expect(hulk.shown).toEqual([]);
    await world.pass(MINUTE + SECOND);
    expect(hulk.shown).toEqual(['two']);
  });

  test('is not shown late because another one that waits for the same message came later', async () => {
    const { world, moki, hulk } = await twoPeers();
    const bytes = await second(moki, hulk);
    await world.deliver(bytes, hulk);
    await world.pass(9 * MINUTE);
    // It comes again: that does not make it newer.
    await world.deliver(bytes, hulk);
    await world.pass(MINUTE + SECOND);
    expect(hulk.shown).toEqual(['two']);
  });
});

describe('messages that wait are visible', () => {
  test('with who sent them, why, since when and until when; over a restart, too', async () => {
    const { world, moki, hulk } = await twoPeers();
    const told: DeferredMessage[] = [];
    hulk.messenger.on('deferred', (message) => told.push(message));
    const arrived = world.time.now();
    const bytes = await second(moki, hulk);
    await world.deliver(bytes, hulk);
    await world.deliver(bytes, hulk);
    const expected = {
      reason: 'order',
      sender: { entity: moki.id.entity },
      since: arrived,
      until: arrived + 10 * MINUTE,
    };
    expect(told).toMatchObject([expected]);
    await world.pass(MINUTE);
    await world.restart(hulk);
    const waiting = await hulk.messenger.deferred();
    expect(waiting).toEqual(told);
    await world.pass(10 * MINUTE);
    expect(await hulk.messenger.deferred()).toEqual([]);
    expect(hulk.shown).toEqual(['two']);
  });

  test('of a stranger as waiting for their meta, without a time at which they would be shown anyway', async () => {
    const world = new World();
    const [moki, hulk] = [await world.join('moki'), await world.join('hulk')];
    await tell(moki, hulk);
    const message = await moki.messenger.pack(text('hi'), hulk.id);
    if ('status' in message) expect.unreachable();
    await world.deliver(moki.messenger.serialize(message), hulk);
    const [waiting, ...others] = await hulk.messenger.deferred();
    expect(waiting).toMatchObject({ reason: 'identity', sender: { entity: moki.id.entity } });
    expect(waiting?.until).toBeUndefined();
    expect(others).toEqual([]);
    await tell(hulk, moki);
    await hulk.messenger.idle();
    expect(await hulk.messenger.deferred()).toEqual([]);
  });
});

test('a program that never runs for long removes messages that have waited too long', async () => {
  const world = new World();
  const [moki, hulk] = [await world.join('moki'), await world.join('hulk')];
  await tell(moki, hulk);
  const message = await moki.messenger.pack(text('hi'), hulk.id);
  if ('status' in message) expect.unreachable();
  await world.deliver(moki.messenger.serialize(message), hulk);
  expect(await hulk.messenger.deferred()).toHaveLength(1);
  await hulk.messenger.close();
  await world.pass(9 * 24 * 60 * MINUTE);
  await world.restart(hulk);
  expect(await hulk.messenger.deferred()).toEqual([]);
});

async function early({ durable }: Client): Promise<readonly (readonly string[])[]> {
  const paths: (readonly string[])[] = [];
  for await (const [key] of durable.list(['early'])) paths.push(key);
  return paths;
}
