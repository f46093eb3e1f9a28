import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Facebook, register } from '@dimp/client';
import { StationSession } from '@dimp/client/session';
import { type Logger, systemClock, type TransportFactory } from '@dimp/core';
import { Text } from '@dimp/extensions/contents';
import type { JsonObject } from '@dimp/foundation';
import { EntityType } from '@dimp/mkm';
import { lmdbStore } from '@dimp/store-lmdb';
import { connectTcp } from '@dimp/transport-tcp';
import { connectWebSocket } from '@dimp/transport-websocket';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import {
  type LimitName,
  type Limits,
  limitsOf,
  RateLimiter,
  Station,
  StationCommands,
  type StationOptions,
  silentMetrics,
} from '../../src/index.ts';
import {
  FileServer,
  httpHandler,
  type Listener,
  type ListenerOptions,
  listen,
} from '../../src/node.ts';
import { introduce, newPerson, type Person, protocol } from './test-users.ts';

/** Options for a station under attack. */
export interface HostileStationOptions {
  readonly limits?: Partial<Limits>;
  readonly listener?: Pick<ListenerOptions, 'times' | 'tls'>;
  readonly station?: Pick<StationOptions, 'neighbours' | 'policy' | 'room'>;
  readonly names?: Readonly<Record<string, Person['id']>>;
}

/** A whole station on a port of loopback, over LMDB, with files: what an operator runs. */
export interface HostileStation {
  readonly station: Station;
  readonly facebook: Facebook<typeof protocol>;
  readonly commands: StationCommands;
  readonly listener: Listener;
  readonly port: number;
  /** Limits that were hit. */
  readonly limited: LimitName[];
  /** Everything that was logged, as JSON. */
  readonly logged: string[];
  /** Folder of the file server. */
  readonly files: string;
}

/** Takes a task that is done when what it belongs to is over. */
type AtEnd = (task: () => Promise<unknown>) => void;

/** Opens a station; it is gone when the test is over. */
export async function hostileWorld(
  options: HostileStationOptions = {},
  atEnd: AtEnd = onTestFinished as AtEnd,
): Promise<HostileStation> {
  const folder = await mkdtemp(join(tmpdir(), 'hostile-'));
  const store = await lmdbStore({ path: join(folder, 'store') });
  const facebook = new Facebook({ protocol, store });
  const network = EntityType.Station;
  const { id } = await register('gsp', { facebook, network, algorithm: 'Ed25519' });
  const limited: LimitName[] = [];
  const metrics = { ...silentMetrics, limited: (limit: LimitName) => void limited.push(limit) };
  const logged: string[] = [];
  const log = (event: string, details?: JsonObject): void =>
    void logged.push(JSON.stringify([event, details ?? {}]));
  const logger: Logger = { debug: log, info: log, warn: log, error: log };
  const keeper = new RateLimiter({ limits: limitsOf(options.limits), clock: systemClock, metrics });
  const { names = {} } = options;
  const commands = new StationCommands({ facebook, id, keeper, metrics, logger, names });
  const parts = { facebook, id, keeper, commands, metrics, logger, blocking: commands.lists };
  const station = await Station.open({ ...parts, names: commands.names, ...options.station });
  const files = join(folder, 'files');
  const limits = { minFreeBytes: 0, maxFileBytes: 1_000_000, totalBytes: 4_000_000 };
  const server = await FileServer.open({ folder: files, limits });
  const http = httpHandler({ health: () => station.health(), files: server });
  const where = { port: 0, host: '127.0.0.1', station, keeper, http, logger };
  const listener = await listen({ ...where, ...options.listener });
  atEnd(async () => {
    await Promise.all([listener.close({ patience: 0 }), station.stop({ graceful: false })]);
    await server[Symbol.asyncDispose]();
    await commands[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });
  return { station, facebook, commands, listener, port: listener.port, limited, logged, files };
}

/** A connection to a station. */
export type Way = 'mtp' | 'websocket';

export function wayTo({ port }: Pick<HostileStation, 'port'>, way: Way): TransportFactory {
  return way === 'mtp'
    ? connectTcp({ host: '127.0.0.1', port })
    : connectWebSocket({ url: `ws://127.0.0.1:${port}/` });
}

/** An honest user with our client. */
export class Victim {
  readonly person: Person;
  readonly session: StationSession<typeof protocol>;
  /** Texts that were shown to them. */
  readonly texts: string[] = [];

  private constructor(person: Person, session: StationSession<typeof protocol>, atEnd: AtEnd) {
    this.person = person;
    this.session = session;
    const listening = person.messenger.handle(Text, ({ content }) => {
      this.texts.push(content.body.text);
      return undefined;
    });
    atEnd(async () => {
      await session.stop();
      listening[Symbol.dispose]();
    });
  }

  /** Logs in. */
  static async at(
    world: HostileStation,
    person: Person,
    way: Way = 'mtp',
    atEnd: AtEnd = onTestFinished as AtEnd,
  ): Promise<Victim> {
    const stations = [{ connect: wayTo(world, way), host: '127.0.0.1', port: world.port }];
    const { messenger } = person;
    const victim = new Victim(person, new StationSession({ messenger, stations }), atEnd);
    await victim.online();
    return victim;
  }

  async online(): Promise<void> {
    await this.session.start();
    await this.session.online(AbortSignal.timeout(10_000));
  }
}

let messages = 0;

/** Asserts what no attack may change: both are online, and each gets the messages of the other. */
export async function unharmed(one: Victim, other: Victim): Promise<void> {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    messages += 1;
    const text = `unharmed ${messages}`;
    const handle = await from.person.messenger.send(Text.create({ text }), to.person.id);
    await handle.reached('received', AbortSignal.timeout(10_000));
    expect(to.texts.filter((each) => each === text)).toEqual([text]);
  }
}

/** A station, two users who chat over it, and an attacker. */
export interface Scene {
  readonly world: HostileStation;
  /** Over MTP. */
  readonly moki: Victim;
  /** Over WebSocket. */
  readonly hulk: Victim;
  readonly mallory: Person;
}

/** Opens a scene for one test. */
export async function scene(options: HostileStationOptions = {}, atEnd?: AtEnd): Promise<Scene> {
  const people = await Promise.all(['moki', 'hulk', 'mallory'].map((name) => newPerson(name)));
  const [moki, hulk, mallory] = people;
  if (moki === undefined || hulk === undefined || mallory === undefined) throw new Error('nobody');
  await introduce(moki, hulk, mallory);
  const world = await hostileWorld(options, atEnd);
  const [first, second] = await Promise.all([
    Victim.at(world, moki, 'mtp', atEnd),
    Victim.at(world, hulk, 'websocket', atEnd),
  ]);
  return { world, moki: first, hulk: second, mallory };
}

/** A scene that the tests of a file share, as a station outlives the attacks on it. */
export function sharedScene(options: HostileStationOptions = {}): () => Scene {
  let shared: Scene | undefined;
  const tasks: (() => Promise<unknown>)[] = [];
  beforeAll(async () => {
    shared = await scene(options, (task) => void tasks.push(task));
  });
  afterAll(async () => {
    // Clients first: they would come back.
    for (const task of tasks.reverse()) await task();
  });
  return () => {
    if (shared === undefined) throw new Error('the scene is not open');
    return shared;
  };
}
