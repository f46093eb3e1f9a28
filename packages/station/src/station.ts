import {
  type Arrival,
  type Clock,
  type Logger,
  type Store,
  type StoreKey,
  silentLogger,
  subStore,
  systemRandom,
  systemTimers,
  type Timers,
  Transceiver,
  type Transport,
} from '@dimp/core';
import { DEFAULT_FRESHNESS, Freshness, KeyStore } from '@dimp/endpoint';
import { disposeSymbol, isProtocolError, onAsyncDispose, ProtocolError } from '@dimp/foundation';
import { EntityType, type ID } from '@dimp/mkm';
import { Delivery } from './delivery/delivery.ts';
import type { Sink } from './delivery/routes.ts';
import { Acquaintances } from './directory/acquaintances.ts';
import type { Hold } from './directory/eviction.ts';
import { StoredKeyOwners } from './directory/stored-key-owners.ts';
import { GroupCommit } from './inbox/group-commit.ts';
import { Inbox } from './inbox/inbox.ts';
import { type Mail, payloadOf } from './inbox/mail.ts';
import { Ingress } from './ingress/ingress.ts';
import { Router } from './ingress/router.ts';
import { Throttle } from './ingress/throttle.ts';
import { limitsOf } from './limits/limits.ts';
import { RateLimiter } from './limits/rate-limiter.ts';
import { StoredBytes } from './limits/stored-bytes.ts';
import { type StationMetrics, silentMetrics } from './metrics.ts';
import type { Notice } from './receipts/notice.ts';
import { Receipts } from './receipts/receipts.ts';
import { Handshakes } from './session/handshakes.ts';
import { logInAt } from './session/neighbour-login.ts';
import type { RemoteAddress } from './session/remote-address.ts';
import type { Session } from './session/session.ts';
import { Sessions } from './session/sessions.ts';
import { StationSigner } from './session/station-signer.ts';
import type { StationHealth } from './station-health.ts';
import type { StationOptions } from './station-options.ts';

/** How a station stops. */
export interface StopOptions {
  /** Waits for what connections have sent already; true by default. */
  readonly graceful?: boolean;
}

/** How often connections are looked after, and what has expired is removed, in milliseconds. */
const SWEEP = 10_000;
const INBOX_SWEEP = 60 * 60_000;
/** How often what was not used since the last time is forgotten, in milliseconds. */
const MEMORY_SWEEP = 60_000;
/** What is written to find out whether the store works. */
const PROBE: StoreKey = /* @__PURE__ */ Object.freeze(['station-probe']);
/** Where this station itself has dialled, no limits of addresses count. */
const THERE: RemoteAddress = /* @__PURE__ */ Object.freeze({ address: '', port: 0, secure: false });
const MARK: Uint8Array = /* @__PURE__ */ Uint8Array.of(1);

/**
 * A station: takes connections, knows who is at the other end of them, and relays messages. What it has acknowledged is
 * on its disk until the receiver has it.
 *
 * @example
 * ```ts
 * const { id } = await register('gsp', { facebook, network: EntityType.Station });
 * const station = await Station.open({ facebook, id });
 * await station.accept(transport, { address: '192.0.2.7', port: 49152, secure: true });
 * ```
 */
export class Station implements AsyncDisposable {
  readonly id: ID;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #logger: Logger;
  readonly #metrics: StationMetrics;
  readonly #sessions: Sessions;
  readonly #commits: GroupCommit;
  readonly #inbox: Inbox;
  readonly #store: Store;
  readonly #stored: StoredBytes;
  readonly #delivery: Delivery;
  readonly #receipts: Receipts;
  readonly #router: Router;
  readonly #ingress: Ingress;
  readonly #transceiver: Transceiver;
  readonly #commands: StationOptions['commands'];
  readonly #logIn: (transport: Transport, neighbour: ID) => Promise<Transport>;
  readonly #neighbours: StationOptions['neighbours'];
  readonly #accepted = new Set<Promise<void>>();
  readonly #joining = new Set<Transport>();
  #sweep: Disposable | undefined;
  #storeFails = false;
  #sweptInbox = Number.NEGATIVE_INFINITY;
  #sweptMemory = Number.NEGATIVE_INFINITY;
  #sweeping: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  private constructor(options: StationOptions) {
    const { facebook, id, store = facebook.store, neighbours } = options;
    const { protocol } = facebook;
    const { clock = facebook.clock, timers = systemTimers, random = systemRandom } = options;
    const { logger = silentLogger, metrics = silentMetrics } = options;
    const {
      keeper: limiter = new RateLimiter({ limits: limitsOf(options.limits), clock, metrics }),
    } = options;
    const { limits } = limiter;
    this.id = id;
    this.#clock = clock;
    this.#timers = timers;
    this.#logger = logger;
    this.#metrics = metrics;
    this.#neighbours = neighbours;
    const keyCache = new KeyStore({ protocol, store: facebook.store, clock });
    const keyOwners = new StoredKeyOwners(subStore(store, ['station']));
    const transceiver = new Transceiver({ barrack: facebook, keyCache, keyOwners });
    this.#transceiver = transceiver;
    this.#commands = options.commands;
    const signer = new StationSigner(id, transceiver);
    const onStoreFailure = (error: unknown): void => this.#storeAnswered(error);
    this.#commits = new GroupCommit({ store, timers, clock, metrics, onBatch: onStoreFailure });
    this.#sessions = new Sessions({
      clock,
      limits,
      metrics,
      onChange: (user) => this.#delivery.refresh(user),
    });
    this.#receipts = new Receipts({
      signer,
      sessions: this.#sessions,
      timers,
      clock,
      logger,
      metrics,
      busy: () => this.#commits.waiting > 0,
    });
    this.#store = store;
    this.#stored = new StoredBytes({ store, clock, limits, room: options.room });
    const throttle = new Throttle({ limiter, clock, timers });
    this.#inbox = new Inbox({
      stored: this.#stored,
      store,
      protocol,
      commits: this.#commits,
      clock,
      logger,
      limits,
      metrics,
      onStored: (mailbox, mail) => this.#delivery.stored(mailbox, mail),
    });
    this.#delivery = new Delivery({
      inbox: this.#inbox,
      routes: { sinksOf: (user) => this.#sinksOf(user) },
      window: limits.window,
      events: {
        delivered: (mail, sink) => this.#delivered(mail, sink),
        waiting: (mail) => this.#notify(mail, 'Message cached.'),
        lost: (sink) => {
          sink.close?.();
        },
        failed: onStoreFailure,
      },
    });
    this.#router = new Router({
      throttle,
      id,
      transceiver,
      inbox: this.#inbox,
      receipts: this.#receipts,
      limits,
      metrics,
      blocking: options.blocking,
      names: options.names,
      neighbours,
      acquaintances:
        options.acquaintances ??
        options.commands?.acquaintances ??
        new Acquaintances({ parseID: protocol.parseID }),
    });
    this.#logIn = (transport, neighbour) =>
      logInAt(transport, neighbour, { signer, transceiver, clock, timers });
    this.#ingress = new Ingress({
      transceiver,
      signer,
      sessions: this.#sessions,
      handshakes: new Handshakes(random),
      router: this.#router,
      receipts: this.#receipts,
      commits: this.#commits,
      freshness: new Freshness(clock, options.freshness ?? DEFAULT_FRESHNESS),
      clock,
      logger,
      metrics,
      limiter,
      throttle,
      timers,
      commands: options.commands,
      neighbours,
      policy: options.policy,
      onStoreFailure,
    });
  }

  /**
   * Opens a station.
   *
   * @throws `identity/not-found` if its ID is no user of the facebook, `unsupported/entity` if it is of another kind;
   *   `format/field` for limits out of their range; `store/` codes
   */
  static async open(options: StationOptions): Promise<Station> {
    const { facebook, id } = options;
    await facebook.requireSigner(id);
    if (id.type !== EntityType.Station) throw notAStation(id);
    const station = new Station(options);
    await station.#stored.load();
    options.commands?.holdBy?.((each) => station.#holdOf(each));
    station.#sweepLater();
    return station;
  }

  /**
   * Serves a connection until it ends. Never throws.
   *
   * @param transport - closed when the station stops, or refuses to go on
   */
  accept(transport: Transport, remote: RemoteAddress): Promise<void> {
    return this.#kept(this.#serve(transport, remote));
  }

  /**
   * Logs this station in at a neighbour, and serves the connection until it ends.
   *
   * @param transport - a connection to it; closed in any case
   * @throws `policy/unauthorized` if another station is there; `state/stopped`; `transport/` codes if it comes to no login
   */
  join(transport: Transport, neighbour: ID): Promise<void> {
    return this.#kept(this.#join(transport, neighbour));
  }

  /** A user can be reached elsewhere now: tells the station to ask its neighbours again. */
  routeChanged(user: ID): void {
    this.#delivery.refresh(user);
  }

  /** Neighbours came or went: tells the station to ask for the ways to everybody again. */
  routesChanged(): void {
    this.#delivery.refreshAll();
  }

  /**
   * Everybody whom messages may be waiting for.
   *
   * @throws `store/` codes
   */
  receivers(): AsyncIterable<ID> {
    return this.#inbox.receivers();
  }

  /**
   * Forgets somebody: ends their connections, and removes what is kept of them, with the messages that wait for them. They are
   * a newcomer when they come again.
   *
   * @returns whether the directory knew them, and how many messages were removed
   * @throws `format/field` for the station itself; `store/` codes
   */
  async forget(user: ID): Promise<{ readonly known: boolean; readonly messages: number }> {
    const known = (await this.#transceiver.barrack.meta(user)) !== undefined;
    await this.#commands?.forget?.(user);
    for (const session of this.#sessions.ofUser(user)) session.close();
    const messages = await this.#inbox.clear(user);
    await this.#commits.flush();
    return { known, messages };
  }

  /** How the station is. */
  health(): StationHealth {
    const running = this.#stopping === undefined;
    return {
      ok: running && !this.#storeFails,
      store: this.#storeFails ? 'failing' : 'working',
      running,
      connections: this.#sessions.size,
      users: this.#sessions.users,
      waiting: this.#commits.waiting,
    };
  }

  /**
   * Closes all connections, and waits until what they have sent is on the disk. Facebook and store stay open.
   *
   * @returns when nothing of the station is under way any more
   */
  stop(options: StopOptions = {}): Promise<void> {
    this.#stopping ??= this.#stop(options);
    return this.#stopping;
  }

  declare readonly [Symbol.asyncDispose]: () => Promise<void>;

  static {
    onAsyncDispose(Station, (station) => station.stop());
  }

  #kept(serving: Promise<void>): Promise<void> {
    this.#accepted.add(serving);
    return serving.finally(() => this.#accepted.delete(serving));
  }

  async #join(transport: Transport, neighbour: ID): Promise<void> {
    this.#joining.add(transport);
    try {
      if (this.#stopping !== undefined) throw stopped();
      const joined = await this.#logIn(transport, neighbour);
      await this.#serve(joined, THERE, neighbour);
    } finally {
      this.#joining.delete(transport);
      transport.close().catch(() => {});
    }
  }

  async #serve(transport: Transport, remote: RemoteAddress, neighbour?: ID): Promise<void> {
    const session = this.#sessions.open(transport, remote);
    if (this.#stopping !== undefined) session.close();
    else if (neighbour !== undefined) this.#ingress.login(session, neighbour);
    const incoming = transport.incoming[Symbol.asyncIterator]();
    try {
      // A loop over the arrivals would keep the last one in memory for as long as nothing else comes.
      while (await this.#receiveNext(session, incoming));
    } catch (error) {
      const code = isProtocolError(error) ? error.code : 'unknown';
      this.#logger.debug('connection.lost', { session: session.id, code });
    } finally {
      this.#sessions.drop(session);
      this.#neighbours?.left?.(session.id);
    }
  }

  /** @returns whether more may come */
  async #receiveNext(session: Session, incoming: AsyncIterator<Arrival>): Promise<boolean> {
    const next = await incoming.next();
    if (next.done) return false;
    if (session.closed) {
      await incoming.return?.();
      return false;
    }
    await this.#ingress.receive(session, next.value);
    return true;
  }

  #sinksOf(user: ID): readonly Sink[] {
    const neighbour = this.#neighbours?.trusts(user) ?? false;
    const active = neighbour ? [] : this.#sessions.activeOf(user);
    if (active.length > 0) return active;
    return this.#neighbours?.sinksOf(user) ?? [];
  }

  async #holdOf(user: ID): Promise<Hold | undefined> {
    if (this.#sessions.ofUser(user).length > 0 || this.#neighbours?.trusts(user)) return 'here';
    return (await this.#inbox.isEmpty(user)) ? undefined : 'messages';
  }

  #delivered(mail: Mail, sink: Sink): void {
    const here = sink.kind === 'device';
    this.#metrics.add(here ? 'messages.delivered' : 'messages.redirected', 1);
    const seconds = (this.#clock.now() - mail.arrived) / 1000;
    if (here) this.#metrics.observe('delivery.seconds', seconds);
    this.#notify(mail, here ? 'Message delivered.' : 'Message redirected.');
  }

  #notify(mail: Mail, text: string): void {
    if (mail.notice === 'unread') this.#notifyLater(this.#router.noticeOf(payloadOf(mail)), text);
    else if (mail.notice !== undefined) this.#receipts.notify(mail.notice, text);
  }

  /** Of a message that was stored before a restart: its sender may be a stranger. */
  #notifyLater(notice: Notice | undefined, text: string): void {
    if (notice === undefined) return;
    const { sender, receiver } = notice.envelope;
    this.#router.mayLearnPresence(sender, receiver).then(
      (may) => {
        if (may) this.#receipts.notify(notice, text);
      },
      (error: unknown) => this.#storeAnswered(error),
    );
  }

  #storeAnswered(error: unknown): void {
    const fails = error !== undefined;
    if (fails) this.#metrics.add('store.failures', 1);
    if (fails === this.#storeFails) return;
    this.#storeFails = fails;
    if (!fails) this.#logger.info('store.working');
    else
      this.#logger.error('store.failing', {
        code: isProtocolError(error) ? error.code : 'unknown',
      });
  }

  #sweepLater(): void {
    this.#sweep = this.#timers.after(SWEEP, () => {
      this.#sessions.sweep();
      // Finds out whether the store works again, although nothing else is written.
      if (this.#storeFails) this.#commits.write({ type: 'set', key: PROBE, value: MARK }, () => {});
      this.#sweepInbox();
      this.#sweepMemory();
      this.#sweepLater();
    });
  }

  /** Most of those who are connected do nothing: what is known of them is on the disk, and read again when it is needed. */
  #sweepMemory(): void {
    if (this.#clock.now() < this.#sweptMemory + MEMORY_SWEEP) return;
    this.#sweptMemory = this.#clock.now();
    void this.#saveStored();
    this.#transceiver.reduceMemory('unused');
    this.#commands?.reduceMemory?.('unused');
  }

  /** A crash makes the counts wrong by what has come since, until the messages of that day expire. */
  async #saveStored(): Promise<void> {
    const changes = this.#stored.changes();
    if (changes.length === 0) return;
    try {
      await this.#store.batch(changes);
    } catch (error) {
      this.#storeAnswered(error);
    }
  }

  #sweepInbox(): void {
    if (this.#sweeping !== undefined || this.#clock.now() < this.#sweptInbox + INBOX_SWEEP) return;
    this.#sweptInbox = this.#clock.now();
    this.#sweeping = this.#inbox
      .sweep()
      .catch((error: unknown) => this.#storeAnswered(error))
      .finally(() => {
        this.#sweeping = undefined;
      });
  }

  async #stop({ graceful = true }: StopOptions): Promise<void> {
    this.#sweep?.[disposeSymbol]();
    this.#receipts.stop();
    this.#delivery.close();
    if (graceful) {
      // What was acknowledged on the way need not be sent again after the restart.
      await this.#commits.flush();
      this.#sessions.finish();
    } else this.#sessions.close();
    for (const transport of this.#joining) transport.close().catch(() => {});
    await Promise.allSettled(this.#accepted);
    await this.#sweeping;
    await this.#commits.flush();
    await this.#saveStored();
  }
}

function notAStation(id: ID): ProtocolError<'unsupported/entity'> {
  return new ProtocolError('unsupported/entity', 'ID is that of no station', {
    details: { id: id.text, type: id.type },
  });
}

function stopped(): ProtocolError<'state/stopped'> {
  return new ProtocolError('state/stopped', 'the station has been stopped');
}
