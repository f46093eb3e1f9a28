import { isWaiting, type TransportFactory } from '@dimp/core';
import { type MemoryTransport, memoryTransportPair } from '@dimp/core/memory';
import { handshakeAgain, handshakeSuccess } from '@dimp/extensions/commands';
import type { JsonObject } from '@dimp/foundation';
import { EntityType, type ID } from '@dimp/mkm';
import { seededRandom } from '@dimp/testing/network';
import { expect, onTestFinished, vi } from 'vitest';
import { Facebook, Messenger } from '../src/index.ts';
import { type SessionReport, StationSession, type StationSessionOptions } from '../src/session.ts';
import { protocol } from './people.ts';
import { acquaint, type Client, World } from './world.ts';

export type Program = Messenger<typeof protocol>;
export type AnyDraft = Parameters<Program['pack']>[0];

/** What a station has received. */
export interface Heard {
  /** Kind of its content, or `sealed` for a message to another receiver. */
  readonly kind: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly sender: ID;
  readonly receiver: ID;
  readonly wire: JsonObject;
  readonly bytes: Uint8Array;
  readonly line: Line;
}

/** The station's end of a connection. */
export interface Line {
  readonly transport: MemoryTransport;
  /** Key of the session. */
  readonly key: string;
}

const words = (bytes: Uint8Array): readonly string[] =>
  new TextDecoder().decode(bytes).split('\n').filter(Boolean);

/** A station that follows the script of a test, and otherwise accepts every user who proves their identity. */
export class ScriptedStation {
  readonly heard: Heard[] = [];
  readonly lines: Line[] = [];
  readonly client: Client;
  readonly host: string;
  readonly port = 9394;
  /** Returns true to keep the station from doing what it usually does. */
  script: (heard: Heard) => boolean | Promise<boolean> = () => false;
  /** Whether a payload is acknowledged; asked once for each. */
  acknowledges: (heard: readonly Heard[]) => boolean = () => true;
  /** Instead of answering a call. */
  refuse: (() => Promise<never>) | undefined;
  calls = 0;

  constructor(client: Client, host: string) {
    this.client = client;
    this.host = host;
  }

  get id(): ID {
    return this.client.id;
  }

  /** The connection made last. */
  get line(): Line {
    const line = this.lines.at(-1);
    if (line === undefined) expect.unreachable();
    return line;
  }

  readonly connect: TransportFactory = async () => {
    this.calls += 1;
    if (this.refuse !== undefined) return this.refuse();
    const [theirs, ours] = memoryTransportPair({ acknowledges: true });
    const line = { transport: ours, key: `key ${this.lines.length} of ${this.host}` };
    this.lines.push(line);
    void this.#serve(line).catch(() => undefined);
    return theirs;
  };

  /** Kinds of what it has heard, and for whom it was. */
  get summary(): readonly string[] {
    return this.heard.map(({ kind, receiver }) => `${kind} ${this.nameOf(receiver)}`);
  }

  /** How a test calls a receiver. */
  nameOf(id: ID): string {
    return id.entity === this.id.entity ? 'me' : id.isBroadcast ? id.text : (id.name ?? id.text);
  }

  kinds(kind: string): readonly Heard[] {
    return this.heard.filter((each) => each.kind === kind);
  }

  /**
   * Says something over a connection.
   *
   * @returns when the client has taken it in, which must not be waited for while it waits for us
   */
  async say(
    line: Line,
    draft: AnyDraft,
    to: ID,
    as: Client = this.client,
  ): Promise<{ readonly taken: Promise<void> }> {
    const message = await as.messenger.pack(draft, to, {
      sender: as.id,
      attachMeta: true,
      attachVisa: true,
    });
    if (isWaiting(message)) expect.unreachable();
    const taken = line.transport.send(as.messenger.serialize(message));
    taken.catch(() => undefined);
    return { taken };
  }

  async #serve(line: Line): Promise<void> {
    for await (const arrival of line.transport.incoming) {
      const heard: Heard[] = [];
      for (const text of words(arrival.payload)) heard.push(await this.#hear(text, line));
      this.heard.push(...heard);
      if (this.acknowledges(heard)) arrival.acknowledge();
      for (const each of heard) if (!(await this.script(each))) await this.#answer(each);
    }
  }

  async #hear(text: string, line: Line): Promise<Heard> {
    const bytes = new TextEncoder().encode(text);
    const { messenger } = this.client;
    const { envelope, wire } = protocol.parseMessage(text);
    const { sender, receiver } = envelope;
    const rest = { sender, receiver, wire, bytes, line };
    const isForUs = receiver.isBroadcast || receiver.entity === this.id.entity;
    const opened = isForUs ? await messenger.unpack(text) : undefined;
    if (opened === undefined || isWaiting(opened)) return { kind: 'sealed', body: {}, ...rest };
    const { kind, body } = opened.content;
    return { kind, body: body as Heard['body'], ...rest };
  }

  async #answer({ kind, body, sender, line }: Heard): Promise<void> {
    if (kind !== 'handshake') return;
    const { session } = body;
    if (session === undefined) await this.say(line, handshakeAgain(line.key), sender);
    else if (session === line.key) await this.say(line, handshakeSuccess(line.key), sender);
  }
}

/** A clock that can be ahead of its timers, as after a sleep. */
export interface Clocks {
  slept: number;
}

/** Moki's program with a session, and the station it is for. */
export interface Scene {
  readonly world: World;
  readonly moki: Client;
  readonly station: ScriptedStation;
  readonly messenger: Program;
  readonly session: StationSession<typeof protocol>;
  readonly reports: SessionReport[];
  readonly clocks: Clocks;
  /** Failures that the messenger reports; none is expected. */
  readonly failed: unknown[];
}

export async function newStation(
  world: World,
  name = 'station',
  host = `${name}.example`,
): Promise<ScriptedStation> {
  const options = { network: EntityType.Station, screen: false } as const;
  return new ScriptedStation(await world.join(name, options), host);
}

/** A program of Moki's without a connection of its own. */
export async function newProgram(
  world: World,
  moki: Client,
  clocks: Clocks = { slept: 0 },
): Promise<Program> {
  await moki.messenger.close();
  const clock = { now: () => world.time.now() + clocks.slept };
  const facebook = new Facebook({ protocol, store: moki.durable, clock });
  const messenger = new Messenger({ facebook, timers: world.time, random: seededRandom(7) });
  onTestFinished(() => messenger.close());
  return messenger;
}

/** A session over a program, and what it tells of itself. */
export function newSession(
  messenger: Program,
  stations: readonly ScriptedStation[],
  options: Partial<StationSessionOptions<typeof protocol>> = {},
) {
  const session = new StationSession({
    messenger,
    stations: stations.map(({ connect, host, port }) => ({ connect, host, port })),
    ...options,
  });
  const reports: SessionReport[] = [];
  session.on('state', (report) => reports.push(report));
  onTestFinished(() => session.stop());
  return { session, reports };
}

export async function newScene(
  world: World,
  options: Partial<StationSessionOptions<typeof protocol>> = {},
): Promise<Scene> {
  const [moki, station] = [await world.join('moki'), await newStation(world)];
  const clocks = { slept: 0 };
  const messenger = await newProgram(world, moki, clocks);
  const failed: unknown[] = [];
  messenger.on('failed', ({ error }) => failed.push(error));
  const { session, reports } = newSession(messenger, [station], options);
  return { world, moki, station, messenger, session, reports, clocks, failed };
}

/** Waits for what takes real time: keys and signatures. */
export function eventually(check: () => void): Promise<void> {
  return vi.waitFor(check, { timeout: 10_000, interval: 2 });
}

/** States in their order, with the codes of errors. */
export function statesOf(reports: readonly SessionReport[]): readonly string[] {
  return reports.map(({ state, error }) =>
    error === undefined ? state : `${state} ${error.code}`,
  );
}

/** A scene with another client, hulk, who has exchanged metas and visas with the user. */
export async function sceneWithPeer(options: Parameters<typeof newScene>[1] = {}) {
  const world = new World();
  const hulk = await world.join('hulk');
  const scene = await newScene(world, options);
  await acquaint(scene.moki, hulk);
  return { ...scene, hulk };
}

/** {@link sceneWithPeer} whose session is online. */
export async function onlineScene(...options: Parameters<typeof sceneWithPeer>) {
  const scene = await sceneWithPeer(...options);
  await scene.session.start();
  await scene.session.online();
  await eventually(() => expect(scene.station.kinds('report')).toHaveLength(1));
  return scene;
}

/** Lets time pass in which nothing must happen. */
export async function passQuietly(world: World, milliseconds = 5000): Promise<void> {
  await world.pass(milliseconds);
  await new Promise((resolve) => setTimeout(resolve, 50));
}

/** Makes the station ignore the proof of identity. */
export function withholdLogin(station: ScriptedStation): void {
  station.script = ({ body }) => body['session'] !== undefined;
}
