import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Facebook, register } from '@dimp/client';
import { bindEnvelope, isWaiting, type Logger, seconds, Transceiver } from '@dimp/core';
import type { Content, Draft } from '@dimp/dkd';
import { Login } from '@dimp/extensions/commands';
import type { JsonObject } from '@dimp/foundation';
import { EntityType, type ID } from '@dimp/mkm';
import { type LmdbStore, lmdbStore } from '@dimp/store-lmdb';
import { onTestFinished } from 'vitest';
import {
  type CommandSession,
  type LimitName,
  type Limits,
  limitsOf,
  RateLimiter,
  type StationCommand,
  StationCommands,
  type StationCommandsOptions,
  silentMetrics,
} from '../../src/index.ts';
import { type Person, protocol, tell } from './test-users.ts';

/** A clock that stands still until a test puts it forward; it begins at the time of the machine, like people's keys. */
export class HandClock {
  time: number = Date.now();

  now(): number {
    return this.time;
  }

  /** Seconds since the epoch. */
  get seconds(): number {
    return this.time / 1000;
  }
}

/** A connection as commands see it. */
export class Line implements CommandSession {
  readonly user: ID | undefined;
  readonly neighbour: boolean;
  readonly remote: CommandSession['remote'];
  readonly states: boolean[] = [];

  constructor(user?: ID, options: { neighbour?: boolean; address?: string; port?: number } = {}) {
    const { neighbour = false, address = '192.0.2.1', port = 40_000 } = options;
    this.user = user;
    this.neighbour = neighbour;
    this.remote = { address, port, secure: false };
  }

  setActive(active: boolean): void {
    this.states.push(active);
  }
}

/** Options for {@link Office}. */
export interface OfficeOptions extends Partial<StationCommandsOptions> {
  readonly limits?: Partial<Limits>;
  /** Folder of a store that has been used before. */
  readonly folder?: string;
}

/** How something is said to the station. */
export interface SayOptions {
  readonly session?: CommandSession;
  readonly receiver?: ID;
  /** Seconds since the epoch; that of the clock by default. */
  readonly time?: number;
  /** Changes the content before it is encrypted and signed. */
  readonly change?: (wire: JsonObject) => JsonObject;
}

/** The commands of a station over LMDB, without its connections. */
export class Office {
  readonly clock: HandClock;
  readonly folder: string;
  readonly store: LmdbStore;
  readonly facebook: Facebook<typeof protocol>;
  readonly id: ID;
  readonly commands: StationCommands;
  readonly keeper: RateLimiter;
  /** Limits that were hit. */
  readonly limited: LimitName[];
  /** Log lines, as JSON. */
  readonly logged: string[];
  readonly #transceiver: Transceiver;

  private constructor(
    parts: Pick<Office, 'clock' | 'folder' | 'store' | 'facebook' | 'id'>,
    options: OfficeOptions,
  ) {
    const { clock, facebook, id } = parts;
    this.clock = clock;
    this.folder = parts.folder;
    this.store = parts.store;
    this.facebook = facebook;
    this.id = id;
    this.limited = [];
    this.logged = [];
    const metrics = {
      ...silentMetrics,
      limited: (limit: LimitName) => void this.limited.push(limit),
    };
    const limits = limitsOf(options.limits);
    this.keeper = new RateLimiter({ limits, clock, metrics });
    const log = (event: string, details?: JsonObject): void =>
      void this.logged.push(JSON.stringify([event, details ?? {}]));
    const logger: Logger = { debug: log, info: log, warn: log, error: log };
    const { keeper } = this;
    this.commands = new StationCommands({ facebook, id, keeper, logger, metrics, ...options });
    this.#transceiver = new Transceiver({ barrack: facebook });
  }

  static async open(options: OfficeOptions = {}): Promise<Office> {
    const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'office-')));
    const clock = new HandClock();
    const store = await lmdbStore({ path: join(folder, 'store') });
    const facebook = new Facebook({ protocol, store, clock });
    const known = await facebook.currentUser();
    const network = EntityType.Station;
    const station = known ?? (await register('gsp', { facebook, network, algorithm: 'Ed25519' }));
    const office = new Office({ clock, folder, store, facebook, id: station.id }, options);
    onTestFinished(async () => {
      await office.close();
      await rm(folder, { recursive: true, force: true });
    });
    return office;
  }

  async close(): Promise<void> {
    await this.commands[Symbol.asyncDispose]();
    await this.store[Symbol.asyncDispose]();
  }

  /** Both know each other. */
  async meet(...people: readonly Person[]): Promise<void> {
    const station = { id: this.id, facebook: this.facebook } as Person;
    for (const person of people) {
      await tell(this.facebook, person);
      await tell(person.facebook, station);
    }
  }

  /** Says something over the wire: encrypted and signed by the person, verified and opened by the station. */
  async heard(person: Person, draft: Draft, options: SayOptions = {}): Promise<StationCommand> {
    const { receiver = this.id, time = seconds(this.clock), change = (wire) => wire } = options;
    const session = 'session' in options ? options.session : new Line(person.id);
    const transceiver = new Transceiver({ barrack: person.facebook });
    const stamped = protocol.contents.stamp(draft as never, { time }) as Content;
    const envelope = { sender: person.id, receiver, time };
    const content = bindEnvelope({ ...stamped, wire: change(stamped.wire) }, envelope);
    const secure = await transceiver.encrypt({ envelope, content });
    if (isWaiting(secure)) throw new Error('the station is not known');
    const bytes = transceiver.serialize(await transceiver.sign(secure));
    const message = protocol.parseMessage(bytes);
    const verified = await this.#transceiver.verify(message);
    if (isWaiting(verified)) throw new Error('the person is not known');
    const opened = await this.#transceiver.decrypt(verified);
    const opening = this.#transceiver.openingOf(opened);
    return { envelope: opened.envelope, content: opened.content, message, opening, session };
  }

  /** The answers of the station. */
  async answers(
    person: Person,
    draft: Draft,
    options: SayOptions = {},
  ): Promise<readonly Draft[] | undefined> {
    return this.commands.process(await this.heard(person, draft, options));
  }

  /** The texts of the receipts that the station answers, and the kinds of its other answers. */
  async replies(person: Person, draft: Draft, options: SayOptions = {}): Promise<string[]> {
    const answers = (await this.answers(person, draft, options)) ?? [];
    return answers.map(({ kind, body }) =>
      kind === 'receipt' ? (body as { text: string }).text : `<${kind}>`,
    );
  }
}

/** An office that knows a user. */
export async function officeOf(
  person: Person,
  options: Parameters<typeof Office.open>[0] = {},
): Promise<Office> {
  const office = await Office.open(options);
  await office.meet(person);
  return office;
}

/** The login of a user at a station. */
export function loginOf(did: ID, station: ID): ReturnType<typeof Login.create> {
  return Login.create({
    did,
    agent: 'test',
    station: { did: station, host: 'example.org', port: 9394 },
  });
}
