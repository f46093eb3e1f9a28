import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type StationProcess, startStation } from '../helpers/dim-station.node.ts';
import { temporaryFolder } from '../helpers/folder.node.ts';
import { until } from '../helpers/wait.node.ts';
import { newPerson, type Person } from './client-process.node.ts';
import type { ClientSetup } from './client-protocol.node.ts';
import { NetworkProxy } from './proxy.node.ts';

/** Starts clients, and waits until they are online. */
async function online<const N extends readonly string[]>(
  folder: string,
  setup: Omit<ClientSetup, 'name' | 'store'>,
  ...names: N
): Promise<{ [K in keyof N]: Person }> {
  const people = names.map((name) => newPerson(folder, name, setup));
  await Promise.all(people.map((person) => person.start()));
  for (const person of people) await person.until(() => person.state === 'online');
  return people as { [K in keyof N]: Person };
}

/** Number of long messages sent to a sleeping client, and the least size of each one when it is encrypted. */
const LETTERS = 80;
const LENGTH = 900_000;

async function metric({ port }: StationProcess, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const figure = new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text)?.[1];
  if (figure === undefined) throw new Error(`no metric ${name}`);
  return Number(figure);
}

/** Memory of the station in bytes, without the mapped pages of its store. */
async function memory(station: StationProcess): Promise<number> {
  const heap = await metric(station, 'nodejs_heap_size_used_bytes');
  return heap + (await metric(station, 'nodejs_external_memory_bytes'));
}

test('sleeping clients are disconnected and use neither memory of the station nor time of others, and show all messages once and in order when they wake up', async () => {
  const folder = await temporaryFolder();
  const station = await startStation(join(folder, 'station'), [
    ...['--limits-slow-reader-timeout', '2s', '--limits-user-message-rate', '5000/10000'],
    ...['--limits-window', '4', '--limits-inbox-bytes', '512MiB'],
    ...['--limits-user-byte-rate', '100MiB/200MiB', '--limits-address-byte-rate', '100MiB/200MiB'],
  ]);
  const { port } = station;
  const [moki, vera, hulk] = await online(folder, { port, framing: 'mtp' }, 'moki', 'vera', 'hulk');
  const [web] = await online(folder, { port, framing: 'websocket' }, 'web');
  const sleepers = [hulk, web];
  const say = (to: Person, ...texts: string[]): void => moki.tell({ do: 'send', to: to.id, texts });
  // All exchange a first message while they are awake.
  for (const person of [vera, ...sleepers]) {
    say(person, 'hello');
    await person.until(() => person.texts.length === 1);
  }
  const before = await memory(station);

  for (const person of sleepers) person.signal('SIGSTOP');
  const letters = Array.from(
    { length: LETTERS },
    (_, index) => `${index} ${'x'.repeat(0.75 * LENGTH)}`,
  );
  say(web, ...letters.slice(0, 10));
  say(hulk, ...letters);
  await moki.until(() => moki.sent.length === LETTERS + 13);
  const began = Date.now();
  say(vera, 'are you there?');
  await vera.until(() => vera.texts.length === 2);
  expect(Date.now() - began).toBeLessThan(5000);
  await until(async () => (await metric(station, 'dim_station_sessions_open')) === 2, 20_000);
  const stored = (): Promise<number> => metric(station, 'dim_station_messages_stored_total');
  await until(async () => (await stored()) >= LETTERS + 14, 30_000);
  const grown = (await memory(station)) - before;
  // The messages wait on disk, not in memory.
  const waiting = await metric(station, 'dim_station_inbox_bytes');
  expect(waiting).toBeGreaterThan(LENGTH * (LETTERS + 10));
  expect(grown).toBeLessThan(0.7 * waiting);

  for (const person of sleepers) person.signal('SIGCONT');
  for (const person of sleepers) {
    const count = person === web ? 10 : LETTERS;
    await person.until(() => person.texts.length > count);
    const numbers = person.texts.map((text) => text.split(' ')[0]);
    expect(numbers).toEqual(['hello', ...Array(count).keys()].map(String));
    expect(person.repeated).toEqual([]);
  }
  await until(async () => (await metric(station, 'dim_station_inbox_messages')) === 0, 15_000);
}, 120_000);

test('clients notice a sleeping station within the limits of keep-alive, reconnect when it wakes up, and lose nothing', async () => {
  const folder = await temporaryFolder();
  const station = await startStation(join(folder, 'station'));
  const times = { keepAlive: 300, idleTimeout: 1500 };
  const setup = { port: station.port, framing: 'mtp', ...times } as const;
  const [moki, hulk] = await online(folder, setup, 'moki', 'hulk');
  moki.tell({ do: 'send', to: hulk.id, texts: ['1', '2'] });
  await hulk.until(() => hulk.texts.length === 2);

  station.process.kill('SIGSTOP');
  const slept = Date.now();
  moki.tell({ do: 'send', to: hulk.id, texts: ['3', '4', '5'] });
  await moki.until(() => moki.sent.length === 5);
  for (const person of [moki, hulk]) await person.until(() => person.state !== 'online');
  expect(Date.now() - slept).toBeLessThan(6000);
  expect(hulk.texts).toEqual(['1', '2']);

  station.process.kill('SIGCONT');
  await hulk.until(() => hulk.texts.length === 5);
  for (const person of [moki, hulk]) await person.until(() => person.state === 'online');
  expect(hulk.texts).toEqual(['1', '2', '3', '4', '5']);
  expect((await station.stop()).status).toBe(0);
}, 60_000);

test('both sides notice a silently dead connection, and messages in flight arrive once over the next one', async () => {
  const folder = await temporaryFolder();
  const args = ['--limits-slow-reader-timeout', '2s'];
  const station = await startStation(join(folder, 'station'), args);
  const [moki] = await online(folder, { port: station.port, framing: 'mtp' }, 'moki');
  const ends = await Promise.all(
    (['mtp', 'websocket'] as const).map(async (framing) => {
      const proxy = await NetworkProxy.open(station.port);
      const times = { keepAlive: 300, idleTimeout: 1500, resendAfter: 3000 };
      const [person] = await online(folder, { port: proxy.port, framing, ...times }, framing);
      moki.tell({ do: 'send', to: person.id, texts: ['1'] });
      await person.until(() => person.texts.length === 1);
      return { proxy, person };
    }),
  );

  const died = Date.now();
  for (const { proxy, person } of ends) {
    proxy.silence();
    // The station accepts these messages, and sends them over the dead connection.
    moki.tell({ do: 'send', to: person.id, texts: ['2', '3'] });
    person.tell({ do: 'send', to: moki.id, texts: ['4', '5'] });
  }
  await Promise.all(ends.map(({ person }) => person.until(() => person.state !== 'online')));
  expect(Date.now() - died).toBeLessThan(6000);
  for (const { proxy, person } of ends) {
    await person.until(() => person.texts.length === 3);
    expect(proxy.connections).toBe(2);
  }
  await moki.until(() => moki.texts.length === 4);
  await until(async () => (await metric(station, 'dim_station_sessions_open')) === 3, 15_000);
  for (const { person } of ends) {
    expect(person.texts).toEqual(['1', '2', '3']);
    expect(person.repeated).toEqual([]);
    const texts = [...moki.screen.values()].filter(({ from }) => from === person.name);
    expect(texts.map(({ text }) => text)).toEqual(['4', '5']);
  }
  expect(moki.repeated).toEqual([]);
}, 60_000);
