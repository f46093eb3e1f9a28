import {
  type Clock,
  type Logger,
  type Random,
  seconds,
  silentLogger,
  systemRandom,
  systemTimers,
  type Timers,
  type Transport,
  type TransportFactory,
} from '@dimp/core';
import { TokenBucket } from '@dimp/core/transport';
import type { ReliableMessage } from '@dimp/dkd';
import { type Facebook, messageID } from '@dimp/endpoint';
import { type Handle, LruMap, onAsyncDispose, ProtocolError } from '@dimp/foundation';
import { type EntityKey, EntityType, type ID, sameEntity } from '@dimp/mkm';
import type { RemoteDirectory } from '../commands/remote-directory.ts';
import type { Logins } from '../directory/logins.ts';
import type { Sink } from '../session/sink.ts';
import { announcementOf, MAX_LOGIN_AGE } from './announcement.ts';
import { Dialler } from './dialler.ts';
import { DirectoryQueries, type QueryKind } from './directory-queries.ts';
import type { NeighbourLine } from './neighbour-line.ts';
import { isSkipped, NeighbourSink } from './neighbour-sink.ts';
import type { Neighbours } from './neighbours.ts';
import { RelayCopies } from './relay-copy.ts';
import { RouteTable } from './route-table.ts';

/** A station that the operator trusts, and optionally how to reach it. */
export interface NeighbourStation {
  readonly id: ID;
  /** Opens a connection to it; without this, the neighbour has to dial this station. */
  readonly connect?: TransportFactory;
}

/** Options for {@link Federation}. */
export interface FederationOptions {
  readonly facebook: Facebook;
  /** This station. */
  readonly id: ID;
  readonly neighbours: readonly NeighbourStation[];
  readonly clock?: Clock;
  readonly timers?: Timers;
  readonly random?: Random;
  readonly logger?: Logger;
}

/** What a federation needs of its station. */
export interface FederatedStation {
  /** Logs in at a neighbour over a connection and serves it until it ends. */
  join(transport: Transport, neighbour: ID): Promise<void>;
  /** The route to a user has changed. */
  routeChanged(user: ID): void;
  /** The routes to any users may have changed. */
  routesChanged(): void;
  /** All users for whom messages may be waiting. */
  receivers(): AsyncIterable<ID>;
}

/** Options for {@link Federation.start}. */
export interface FederationStart {
  readonly station: FederatedStation;
  readonly logins: Logins;
}

/** Broadcasts of one user that are sent to neighbours. */
const BROADCAST_RATE = /* @__PURE__ */ Object.freeze({ perSecond: 0.2, burst: 30 });
/** Broadcasts and users that are remembered. */
const CAPACITY = 65_536;
/** Connections in a row that end without any acknowledgement, after which the neighbour counts as refusing. */
const FUTILE = 2;
/** Logins that are announced before waiting for acknowledgements. */
const ANNOUNCEMENTS = 16;

/**
 * The neighbours of a station (spec §11.7). It relays messages to them for users who have logged in there or at their
 * neighbours, and sends them broadcasts to all stations. Neighbours authenticate like any user, and what they relay is
 * verified like every message (spec §14.1 #8).
 *
 * @example
 * ```ts
 * const federation = new Federation({ facebook, id, neighbours: [{ id: other, connect: connectTcp({ host, port }) }] });
 * const commands = new StationCommands({ facebook, id, keeper, elsewhere: federation });
 * const station = await Station.open({ facebook, id, keeper, commands, neighbours: federation });
 * federation.start({ station, logins: commands.logins });
 * ```
 */
export class Federation implements Neighbours, RemoteDirectory, AsyncDisposable {
  readonly #options: FederationOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #stations: ReadonlyMap<EntityKey, NeighbourStation>;
  readonly #sinks = new Map<string, NeighbourSink>();
  readonly #copies: RelayCopies;
  readonly #queries: DirectoryQueries;
  readonly #passed = new LruMap<string, true>(CAPACITY);
  readonly #buckets = new LruMap<EntityKey, TokenBucket>(CAPACITY);
  /** Connections in a row that have ended before the neighbour acknowledged anything. */
  readonly #futile = new Map<EntityKey, number>();
  readonly #listening: Handle[] = [];
  #diallers: readonly Dialler[] = [];
  #routes: RouteTable | undefined;
  #work: FederationStart | undefined;

  /** @throws `unsupported/entity` for a neighbour that is not a station; `RangeError` for this station itself */
  constructor(options: FederationOptions) {
    const { facebook, id, neighbours, timers = systemTimers, logger = silentLogger } = options;
    for (const { id: neighbour } of neighbours) checkStation(neighbour, id);
    this.#options = options;
    this.#clock = options.clock ?? facebook.clock;
    this.#logger = logger;
    this.#stations = new Map(neighbours.map((each) => [each.id.entity, each]));
    this.#copies = new RelayCopies({ facebook, id, routeOf: (user) => this.#routes?.get(user) });
    this.#queries = new DirectoryQueries(this.#clock, timers);
  }

  /** Dials the neighbours and starts to relay. */
  start(work: FederationStart): void {
    if (this.#work !== undefined) return;
    const { facebook, timers = systemTimers, random = systemRandom } = this.#options;
    const { station, logins } = work;
    this.#work = work;
    this.#routes = new RouteTable({
      logins,
      logger: this.#logger,
      onFound: (user) => station.routeChanged(user),
    });
    this.#listening.push(
      logins.events.on('changed', ({ user, record }) => {
        this.#routes?.set(user, record);
        station.routeChanged(user);
      }),
      facebook.events.on('metaSaved', ({ id }) => this.#queries.arrived('meta', id)),
      facebook.events.on('documentSaved', ({ id }) => this.#queries.arrived('documents', id)),
    );
    const [clock, logger] = [this.#clock, this.#logger];
    this.#diallers = [...this.#stations.values()].flatMap(({ id, connect }) => {
      const join = (transport: Transport) => station.join(transport, id);
      const parts = { station: id, join, clock, timers, random, logger };
      return connect === undefined ? [] : [new Dialler({ ...parts, connect })];
    });
    for (const dialler of this.#diallers) dialler.start();
  }

  trusts(station: ID): boolean {
    return this.#stations.has(station.entity);
  }

  /** Connected neighbours. */
  get connected(): readonly ID[] {
    const ids = [...this.#sinks.values()].map(({ station }) => station);
    return ids.filter((id, index) => ids.findIndex((each) => sameEntity(each, id)) === index);
  }

  /** Neighbours that can be reached but acknowledge nothing: this station is not in their configuration. */
  get refusing(): readonly ID[] {
    return [...this.#stations.values()]
      .filter(({ id }) => this.#isRefusing(id))
      .map(({ id }) => id);
  }

  sinksOf(user: ID): readonly Sink[] {
    const { id } = this.#options;
    const own = this.trusts(user) ? this.#sinkTo(user) : undefined;
    if (own !== undefined) return [own];
    const { station, via } = this.#routes?.get(user) ?? {};
    if (station !== undefined && sameEntity(station, id)) return [];
    const sink = this.#sinkTo(station) ?? this.#sinkTo(via);
    return sink === undefined ? [] : [sink];
  }

  hasPassed(message: ReliableMessage): boolean {
    return this.#copies.hasPassed(message);
  }

  async broadcast(message: ReliableMessage, payload: Uint8Array): Promise<void> {
    if (this.#sinks.size === 0 || this.hasPassed(message)) return;
    const name = messageID(message);
    if (this.#passed.get(name) !== undefined) return;
    if (!this.#mayBroadcast(message.envelope.sender)) return;
    this.#passed.set(name, true);
    for (const { station } of this.#oneEach()) this.#sinkTo(station)?.broadcast(payload);
  }

  joined(line: NeighbourLine): void {
    if (this.#sinks.has(line.id)) return;
    const sink = new NeighbourSink(
      line,
      this.#copies,
      (each) => this.#catchUp(each),
      ({ station }) => this.#accepts(station),
    );
    this.#sinks.set(line.id, sink);
    // A refusing neighbour is dialled again and again, and has not really joined.
    if (!this.#isRefusing(line.station)) {
      this.#logger.info('neighbour.joined', { station: line.station.text, session: line.id });
    }
    this.#work?.station.routesChanged();
    this.#catchUp(sink);
  }

  left(session: string): void {
    const sink = this.#sinks.get(session);
    if (sink === undefined) return;
    this.#sinks.delete(session);
    if (sink.isRefused) this.#refuses(sink.station);
    sink.close();
    this.#work?.station.routesChanged();
  }

  find(what: QueryKind, did: ID, asker: ID | undefined): Promise<boolean> | undefined {
    const others = this.#oneEach().filter(
      ({ station }) => asker === undefined || !sameEntity(station, asker),
    );
    return this.#queries.query(
      what,
      did,
      others.map(({ line }) => line),
    );
  }

  identify(sender: ID, neighbour: ID): Promise<boolean> | undefined {
    const sink = this.#sinkTo(neighbour);
    return this.#queries.query('meta', sender, sink === undefined ? [] : [sink.line], true);
  }

  /** Closes the connections that this station has dialled. */
  async close(): Promise<void> {
    for (const each of this.#listening.splice(0)) each.close();
    this.#queries.close();
    await Promise.all(this.#diallers.map((dialler) => dialler.stop()));
  }

  declare readonly [Symbol.asyncDispose]: () => Promise<void>;

  static {
    onAsyncDispose(Federation, (federation) => federation.close());
  }

  #isRefusing({ entity }: ID): boolean {
    return (this.#futile.get(entity) ?? 0) >= FUTILE;
  }

  #refuses(station: ID): void {
    const before = this.#futile.get(station.entity) ?? 0;
    this.#futile.set(station.entity, before + 1);
    if (before + 1 !== FUTILE) return;
    const code = 'policy/unauthorized';
    this.#logger.warn('neighbour.refuses', { station: station.text, code });
  }

  #accepts(station: ID): void {
    const refused = this.#isRefusing(station);
    this.#futile.delete(station.entity);
    if (refused) this.#logger.info('neighbour.joined', { station: station.text });
  }

  /** The first open connection to a station. */
  #sinkTo(station: ID | undefined): NeighbourSink | undefined {
    if (station === undefined) return undefined;
    for (const sink of this.#sinks.values()) {
      if (!sink.closed && sameEntity(sink.station, station)) return sink;
    }
    return undefined;
  }

  #oneEach(): readonly NeighbourSink[] {
    return [...this.#sinks.values()].filter((sink) => this.#sinkTo(sink.station) === sink);
  }

  /**
   * Whether a user may broadcast now: each broadcast reaches every station. The user's own station accepts it in any
   * case.
   */
  #mayBroadcast({ entity }: ID): boolean {
    const now = this.#clock.now();
    const bucket = this.#buckets.get(entity) ?? new TokenBucket(BROADCAST_RATE, now);
    this.#buckets.set(entity, bucket);
    return bucket.take(1, now) === 0;
  }

  /** What a neighbour has missed: where users are, and what waits for users beyond it. */
  #catchUp(sink: NeighbourSink): void {
    const work = this.#work;
    if (work === undefined) return;
    const catchingUp = async (): Promise<void> => {
      await this.#announce(sink, work.logins);
      await this.#hand(sink, work.station);
    };
    catchingUp().catch((error: unknown) => {
      const kind = error instanceof Error ? error.name : typeof error;
      this.#logger.error('neighbour.catch-up', { station: sink.station.text, kind });
      // With the next connection it is tried again.
      sink.close();
    });
  }

  /** Sends the messages that have waited for users behind a neighbour. */
  async #hand(sink: NeighbourSink, station: FederationStart['station']): Promise<void> {
    for await (const receiver of station.receivers()) {
      if (sink.closed) return;
      await this.#routes?.load(receiver);
      if (this.sinksOf(receiver).length > 0) station.routeChanged(receiver);
    }
  }

  /** Sends a neighbour the signed logins of all users that it can only reach through this station. */
  async #announce(sink: NeighbourSink, logins: Logins): Promise<void> {
    const { facebook } = this.#options;
    const oldest = seconds(this.#clock) - MAX_LOGIN_AGE;
    let under: Promise<void>[] = [];
    for await (const { user, record } of logins.all()) {
      if (sink.closed) return;
      if (record.time < oldest) continue;
      if (record.via !== undefined && sameEntity(record.via, sink.station)) continue;
      const payload = await announcementOf(user, record, facebook);
      under.push(
        sink.send(payload).catch((error: unknown) => {
          if (!isSkipped(error)) sink.close();
        }),
      );
      if (under.length < ANNOUNCEMENTS) continue;
      await Promise.all(under);
      under = [];
    }
    await Promise.all(under);
  }
}

function checkStation(neighbour: ID, self: ID): void {
  if (sameEntity(neighbour, self))
    throw new RangeError('neighbours must not contain the station itself');
  if (neighbour.type === EntityType.Station && !neighbour.isBroadcast) return;
  throw new ProtocolError('unsupported/entity', 'neighbours must be IDs of stations', {
    details: { id: neighbour.text, type: neighbour.type },
  });
}
