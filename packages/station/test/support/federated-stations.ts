import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Facebook, register } from '@dimp/client';
import { StationSession } from '@dimp/client/session';
import type { Transport, TransportFactory } from '@dimp/core';
import { Text } from '@dimp/extensions/contents';
import { ProtocolError } from '@dimp/foundation';
import { EntityType, type ID } from '@dimp/mkm';
import { type LmdbStore, lmdbStore } from '@dimp/store-lmdb';
import { onTestFinished } from 'vitest';
import {
  Federation,
  limitsOf,
  type NeighbourStation,
  RateLimiter,
  Station,
  StationCommands,
} from '../../src/index.ts';
import { linkedTransports } from './linked-transports.ts';
import { type Person, protocol } from './test-users.ts';

/** A station that runs. */
interface Running {
  readonly store: LmdbStore;
  readonly facebook: Facebook<typeof protocol>;
  readonly federation: Federation;
  readonly commands: StationCommands;
  readonly station: Station;
}

/** A station over LMDB with neighbours, which can be killed and started again. */
export class Place {
  readonly name: string;
  readonly folder: string;
  readonly id: ID;
  running: Running | undefined;
  #neighbours: readonly NeighbourStation[] = [];
  readonly #connections = new Set<Transport>();

  private constructor(name: string, folder: string, id: ID) {
    this.name = name;
    this.folder = folder;
    this.id = id;
  }

  /** Makes the identity of a station, which does not run yet. */
  static async make(name: string): Promise<Place> {
    const folder = await mkdtemp(join(tmpdir(), 'federation-'));
    const store = await lmdbStore({ path: join(folder, 'store') });
    const facebook = new Facebook({ protocol, store });
    const network = EntityType.Station;
    const { id } = await register(name, { facebook, network, algorithm: 'Ed25519' });
    await facebook[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
    const place = new Place(name, folder, id);
    onTestFinished(async () => {
      await place.stop();
      await rm(folder, { recursive: true, force: true });
    });
    return place;
  }

  get station(): Station {
    if (this.running === undefined) throw new Error(`${this.name} does not run`);
    return this.running.station;
  }

  get federation(): Federation {
    if (this.running === undefined) throw new Error(`${this.name} does not run`);
    return this.running.federation;
  }

  /** Whom it trusts; those with a place are dialled. */
  async start(neighbours: readonly (Place | ID)[] = []): Promise<void> {
    this.#neighbours = neighbours.map((each) =>
      each instanceof Place ? { id: each.id, connect: each.connect } : { id: each },
    );
    await this.restart();
  }

  async restart(): Promise<void> {
    const store = await lmdbStore({ path: join(this.folder, 'store') });
    const facebook = new Facebook({ protocol, store });
    const { id } = this;
    const keeper = new RateLimiter({ limits: limitsOf(), clock: facebook.clock });
    const federation = new Federation({ facebook, id, neighbours: this.#neighbours });
    const commands = new StationCommands({ facebook, id, keeper, elsewhere: federation });
    const { lists, names } = commands;
    const options = { facebook, id, keeper, commands, blocking: lists, names };
    const station = await Station.open({ ...options, neighbours: federation });
    this.running = { store, facebook, federation, commands, station };
    federation.start({ station, logins: commands.logins });
  }

  /** Opens a connection to it. */
  readonly connect: TransportFactory = () => {
    const { running } = this;
    if (running === undefined) throw new ProtocolError('transport/refused', 'nobody is there');
    const [near, far] = linkedTransports();
    this.#connections.add(far);
    void running.station
      .accept(far, { address: '127.0.0.1', port: 49152, secure: true })
      .finally(() => this.#connections.delete(far));
    return near;
  };

  /** All connections break, and what is only in memory is gone: nothing is waited for, nothing said. */
  async kill(): Promise<void> {
    const { running } = this;
    this.running = undefined;
    if (running === undefined) return;
    // The store first: what is under way does not reach the disk any more.
    const closing = running.store[Symbol.asyncDispose]();
    for (const connection of [...this.#connections]) void connection.close();
    await closing;
    await running.station.stop({ graceful: false }).catch(() => undefined);
    await running.federation[Symbol.asyncDispose]();
  }

  async stop(): Promise<void> {
    const { running } = this;
    this.running = undefined;
    if (running === undefined) return;
    await running.federation[Symbol.asyncDispose]();
    await running.station.stop();
    await running.commands[Symbol.asyncDispose]();
    await running.facebook[Symbol.asyncDispose]();
    await running.store[Symbol.asyncDispose]();
  }
}

/** Waits until something is so. */
export async function until(holds: () => boolean, timeout = 20_000): Promise<void> {
  const end = Date.now() + timeout;
  while (!holds()) {
    if (Date.now() > end) throw new Error('it never came to that');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A person at a station. */
export class Guest {
  readonly person: Person;
  /** Texts in order of arrival. */
  readonly texts: string[] = [];
  session: StationSession<typeof protocol> | undefined;

  constructor(person: Person) {
    this.person = person;
    person.messenger.handle(Text, ({ content }) => {
      this.texts.push(content.body.text);
      return undefined;
    });
    onTestFinished(async () => {
      await this.leave();
      await person.messenger[Symbol.asyncDispose]();
    });
  }

  get id(): ID {
    return this.person.id;
  }

  async at(place: Place): Promise<void> {
    await this.leave();
    const { messenger } = this.person;
    const { connect } = place;
    const stations = [{ connect, host: `${place.name}.example`, port: 9394, id: place.id }];
    this.session = new StationSession({ messenger, stations });
    await this.session.start();
    await this.session.online(AbortSignal.timeout(20_000));
  }

  async leave(): Promise<void> {
    await this.session?.stop();
    this.session = undefined;
  }

  say(text: string, to: ID) {
    return this.person.messenger.send(Text.create({ text }), to);
  }
}

/** Waits until stations are connected. */
export async function connected(...pairs: readonly (readonly [Place, Place])[]): Promise<void> {
  await until(() =>
    pairs.every(
      ([one, other]) =>
        one.federation.connected.some(({ text }) => text === other.id.text) &&
        other.federation.connected.some(({ text }) => text === one.id.text),
    ),
  );
}
