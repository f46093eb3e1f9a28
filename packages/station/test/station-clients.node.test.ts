import { Facebook, register } from '@dimp/client';
import { StationSession } from '@dimp/client/session';
import { memoryStore } from '@dimp/core/memory';
import { Text } from '@dimp/extensions/contents';
import { EntityType } from '@dimp/mkm';
import { expect, test, vi } from 'vitest';
import { limitsOf, RateLimiter, Station, StationCommands } from '../src/index.ts';
import { linkedTransports } from './support/linked-transports.ts';
import { introduce, newPerson, openStation, type Person, protocol } from './support/test-users.ts';

async function openWhole(): Promise<Station> {
  const facebook = new Facebook({ protocol, store: memoryStore() });
  const network = EntityType.Station;
  const { id } = await register('gsp', { facebook, network, algorithm: 'Ed25519' });
  const keeper = new RateLimiter({ limits: limitsOf(), clock: facebook.clock });
  const commands = new StationCommands({ facebook, id, keeper });
  const { lists, names } = commands;
  return Station.open({ facebook, id, keeper, commands, blocking: lists, names });
}

function sessionAt(station: Station, { messenger }: Person): StationSession<typeof protocol> {
  return new StationSession({
    messenger,
    stations: [
      {
        host: 'station.example',
        port: 9394,
        connect() {
          const [near, far] = linkedTransports();
          void station.accept(far, { address: '127.0.0.1', port: 49152, secure: true });
          return near;
        },
      },
    ],
  });
}

test('clients with their own sessions reach each other, online and after being offline', async () => {
  const station = await openWhole();
  const [moki, hulk] = [await newPerson('moki'), await newPerson('hulk')];
  await introduce(moki, hulk);
  const received: string[] = [];
  hulk.messenger.handle(Text, ({ content }) => {
    received.push(content.body.text);
  });
  const sending = sessionAt(station, moki);
  await sending.start();
  await sending.online(AbortSignal.timeout(10_000));
  const early = await moki.messenger.send(Text.create({ text: 'are you there?' }), hulk.id);
  await early.reached('delivered');

  const receiving = sessionAt(station, hulk);
  await receiving.start();
  await receiving.online(AbortSignal.timeout(10_000));
  await early.reached('received');
  const late = await moki.messenger.send(Text.create({ text: 'good' }), hulk.id);
  await late.reached('received');
  expect(received).toEqual(['are you there?', 'good']);

  for (const session of [sending, receiving]) await session.stop();
  for (const { messenger } of [moki, hulk]) await messenger[Symbol.asyncDispose]();
  expect(station.health()).toMatchObject({ ok: true, connections: 0, users: 0 });
  await station.stop();
}, 30_000);

test('messages sent while a client is offline wait for it at the station', async () => {
  const station = await openWhole();
  const [moki, hulk] = [await newPerson('moki'), await newPerson('hulk')];
  await introduce(moki, hulk);
  const [sending, receiving] = [sessionAt(station, moki), sessionAt(station, hulk)];
  for (const session of [sending, receiving]) {
    await session.start();
    await session.online(AbortSignal.timeout(10_000));
  }
  const first = await moki.messenger.send(Text.create({ text: 'one' }), hulk.id);
  await first.reached('received');
  await receiving.stop();
  const second = await moki.messenger.send(Text.create({ text: 'two' }), hulk.id);
  await second.reached('delivered');
  await receiving.start();
  await second.reached('received');
  for (const session of [sending, receiving]) await session.stop();
  for (const { messenger } of [moki, hulk]) await messenger[Symbol.asyncDispose]();
  await station.stop();
}, 30_000);

test.each([2, 24, -2, -24])(
  'a client whose clock is wrong by %i hours is told so',
  async (hours) => {
    const clock = { now: () => Date.now() - hours * 3_600_000 };
    const { station } = await openStation(memoryStore(), { clock });
    const moki = await newPerson('moki');
    const session = sessionAt(station, moki);
    const errors: unknown[] = [];
    session.on('state', ({ error }) => {
      if (error !== undefined) errors.push(error);
    });
    await session.start();
    await vi.waitFor(() => expect(errors).not.toEqual([]), { timeout: 20_000 });
    expect(errors[0]).toMatchObject({ code: 'transport/clock' });
    await session.stop();
    await moki.messenger[Symbol.asyncDispose]();
    await station.stop();
  },
);
