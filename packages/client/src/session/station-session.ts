import type { Protocol } from '@dimp/core';
import { isGoodConnection, reconnect, reconnectPolicy } from '@dimp/endpoint';
import {
  definedOnly,
  disposeSymbol,
  type EventSource,
  Events,
  type Handle,
  type Listener,
  onAsyncDispose,
  ProtocolError,
} from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { Messenger } from '../messenger/messenger.ts';
import type { ProgramInfo } from './announcements.ts';
import { type SessionReport, sessionError } from './session-report.ts';
import { isShortName } from './short-names.ts';
import { watchSleep } from './sleep-watch.ts';
import type { StationAddress } from './station-address.ts';
import { StationConnection } from './station-connection.ts';
import { StationPins } from './station-pins.ts';

/** Options for {@link StationSession}. */
export interface StationSessionOptions<P extends Protocol> extends ProgramInfo {
  /** Sends and receives over the session. The session does not dispose of it. */
  readonly messenger: Messenger<P>;
  /** Stations to log in at. If one does not answer, the next one is tried, and after the last one the first again. */
  readonly stations: readonly StationAddress[];
  /** The user who logs in; the current user by default. Stations accept no messages of other users over the session. */
  readonly user?: ID;
  /**
   * Accepts another station than was at an address before, and remembers it. An attacker who controls the network can
   * pose as that station.
   */
  readonly trustNewStation?: boolean;
  /** Stops the session when it aborts. */
  readonly signal?: AbortSignal;
}

/** Events of {@link StationSession}. */
export interface SessionEvents {
  state: SessionReport;
}

/** How long a session stays with a station before it may leave it for one that might deliver. */
const MOVING_PAUSE_MS = 24 * 60 * 60_000;

/**
 * Keeps a user logged in at a station: connects, proves the user's identity, and announces their location. Does so
 * again whenever the connection is lost, at this or the next station (spec §11.6). Outgoing messages wait meanwhile.
 *
 * Of tabs that share a store, only the leading one connects.
 *
 * @example
 * ```ts
 * const session = new StationSession({
 *   messenger,
 *   stations: [{ connect: connectTcp({ host, port }), host, port }],
 * });
 * session.on('state', ({ state, error }) => console.log(state, error?.code));
 * await session.start();
 * await session.online(AbortSignal.timeout(60_000));
 * ```
 */
export class StationSession<P extends Protocol = Protocol>
  implements EventSource<SessionEvents>, AsyncDisposable
{
  readonly #messenger: Messenger;
  readonly #options: StationSessionOptions<P>;
  readonly #pins: StationPins;
  readonly #events = new Events<SessionEvents>({ state: true });
  #report: SessionReport = { state: 'offline' };
  #connection: StationConnection | undefined;
  #run: Run | undefined;
  /** When the session last left a station that did not deliver, in milliseconds since the epoch. */
  #movedOn: number | undefined;

  /** @throws `RangeError` if `stations` is empty */
  constructor(options: StationSessionOptions<P>) {
    if (options.stations.length === 0) throw new RangeError('stations must not be empty');
    const { facebook } = options.messenger;
    this.#options = options;
    this.#messenger = options.messenger;
    this.#pins = new StationPins(facebook.store, facebook.protocol.parseID);
  }

  on<K extends keyof SessionEvents>(kind: K, listener: Listener<SessionEvents[K]>): Handle {
    return this.#events.on(kind, listener);
  }

  /** State of the session. */
  get report(): SessionReport {
    return this.#report;
  }

  /**
   * Connects, and stays connected until it is stopped.
   *
   * @throws `identity/not-found` if the user does not belong to this machine; `state/stopped` if the messenger has been
   *   disposed of; `store/` codes; the reason of the session's signal
   */
  async start(): Promise<void> {
    const { signal } = this.#options;
    signal?.throwIfAborted();
    if (this.#run !== undefined) return;
    const run = new Run();
    this.#run = run;
    try {
      const user = await this.#findUser();
      await this.#messenger.start();
      if (run.isStopping) throw stopped();
      const stop = (): void => void this.stop();
      signal?.addEventListener('abort', stop, { once: true });
      run.done = this.#keepConnected(run, user).finally(() => {
        signal?.removeEventListener('abort', stop);
        this.#tell({ state: 'stopped' });
        if (this.#run === run) this.#run = undefined;
      });
    } catch (error) {
      if (this.#run === run) this.#run = undefined;
      this.#tell({ state: 'stopped' });
      throw error;
    }
  }

  /**
   * Waits until the session is online.
   *
   * @throws `state/stopped` if the session is stopped first; the signal's reason
   */
  async online(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#report.state === 'online') return;
    let abort = (): void => {};
    let listening: Handle | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        abort = () => reject(signal?.reason);
        signal?.addEventListener('abort', abort, { once: true });
        listening = this.on('state', ({ state }) => {
          if (state === 'online') resolve();
          if (state === 'stopped') reject(stopped());
        });
        if (this.#report.state === 'stopped' && this.#run === undefined) reject(stopped());
      });
    } finally {
      listening?.close();
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Ends a pause of the session, for example because the network is back. */
  retryNow(): void {
    this.#run?.skipPause();
  }

  /**
   * Asks the station whom a short name stands for (spec §9.12). Only for names that users type: the station decides
   * what a name means, so never use it for IDs that come from the network.
   *
   * @returns undefined for an unknown name, and for reserved words, which are not sent to the station
   * @throws `RangeError` if it cannot be a short name; `state/not-ready` while the session is not online;
   *   `transport/timeout` if there is no answer; the signal's reason
   */
  async resolve(name: string, signal?: AbortSignal): Promise<ID | undefined> {
    if (!isShortName(name)) return undefined;
    signal?.throwIfAborted();
    if (this.#connection !== undefined) return this.#connection.resolve(name, signal);
    throw new ProtocolError('state/not-ready', 'the session must be online to ask the station');
  }

  /** Reports that the user is offline, and closes the connection. The session can be started again. */
  async stop(): Promise<void> {
    const run = this.#run;
    if (run === undefined) return;
    run.stop();
    await this.#connection?.leave(stopped());
    await run.done;
  }

  declare readonly [Symbol.asyncDispose]: () => Promise<void>;

  static {
    onAsyncDispose(StationSession, (session) => session.stop());
  }

  async #findUser(): Promise<ID> {
    const { facebook } = this.#messenger;
    const user = this.#options.user ?? (await facebook.currentUser())?.id;
    if (user === undefined) {
      throw new ProtocolError('identity/not-found', 'this machine has no user yet');
    }
    await facebook.requireSigner(user);
    return user;
  }

  async #keepConnected(run: Run, user: ID): Promise<void> {
    const { clock } = this.#messenger.facebook;
    const wake = (): void => {
      run.skipPause();
      this.#connection?.fail(new ProtocolError('transport/closed', 'the computer has slept'));
      run.slept = true;
    };
    const listening = [
      watchSleep(clock, this.#messenger.timers, wake),
      this.#messenger.on('resumed', () => run.skipPause()),
    ];
    try {
      await this.#leading(run);
      await this.#tryStations(run, user);
    } finally {
      for (const each of listening) each.close();
    }
  }

  /** Connects to one station after the other, until the session is stopped or another messenger leads. */
  async #tryStations(run: Run, user: ID): Promise<void> {
    const { stations } = this.#options;
    const policy = reconnectPolicy(stations.length, this.#messenger.random);
    let next = 0;
    await reconnect({
      isOver: () => run.isStopping || !this.#messenger.leads,
      connect: async () => {
        const address = stations[next % stations.length] as StationAddress;
        run.slept = false;
        const ended = await this.#connectOnce(run, address, user);
        if (!isGoodConnection(ended.lastedMs) || run.movesOn) next += 1;
        run.movesOn = false;
        return ended;
      },
      pauseAfter: ({ lastedMs }) => {
        const pause = policy(lastedMs);
        return run.slept ? undefined : pause;
      },
      pause: (delay, { error }) => this.#pause(run, delay, error),
    });
  }

  /** @returns why the connection ended, and how long the user was online */
  async #connectOnce(
    run: Run,
    address: StationAddress,
    user: ID,
  ): Promise<{ readonly error: ProtocolError; readonly lastedMs: number }> {
    const { agent, device, trustNewStation = false } = this.#options;
    const before = this.#report.error;
    const connection = new StationConnection({
      messenger: this.#messenger,
      address,
      user,
      info: {
        ...definedOnly({ agent, device }),
      },
      pins: this.#pins,
      trustNewStation,
      onState: (state) => {
        if (run.isStopping) return;
        const id = connection.station;
        const { host, port } = address;
        const station = { host, port, ...definedOnly({ id }) };
        const last = state === 'online' ? undefined : before;
        this.#tell({ state, station, ...definedOnly({ error: last }) });
      },
      onOverdue: () => this.#moveOn(run),
    });
    this.#connection = connection;
    let error: ProtocolError;
    try {
      error = await connection.run();
    } catch (thrown) {
      error = sessionError(thrown);
    } finally {
      this.#connection = undefined;
    }
    const { clock } = this.#messenger.facebook;
    const { onlineSince } = connection;
    if (!run.isStopping) this.#report = { ...this.#report, error };
    return { error, lastedMs: onlineSince === undefined ? 0 : clock.now() - onlineSince };
  }

  /** Moves to the next station, because this one does not deliver the messages it accepts. */
  #moveOn(run: Run): void {
    const now = this.#messenger.facebook.clock.now();
    // The receiver may simply be offline, so the session does not move often.
    const isTooSoon = this.#movedOn !== undefined && now - this.#movedOn < MOVING_PAUSE_MS;
    if (this.#options.stations.length < 2 || isTooSoon) return;
    this.#movedOn = now;
    run.movesOn = true;
    this.#connection?.fail(
      new ProtocolError('transport/closed', 'the station does not deliver the messages it accepts'),
    );
  }

  async #pause(run: Run, delay: number, error: ProtocolError): Promise<void> {
    const { station } = this.#report;
    const until = this.#messenger.facebook.clock.now() + delay;
    const pausing = run.pause(this.#messenger.timers, delay);
    this.#tell({ state: 'waiting', ...definedOnly({ station }), error, until });
    await pausing;
  }

  /** Resolves when this messenger leads, or when the session is being stopped. */
  async #leading(run: Run): Promise<void> {
    if (this.#messenger.leads) return;
    const listening = this.#messenger.on('leading', () => run.skipPause());
    try {
      this.#tell({ state: 'offline' });
      while (!this.#messenger.leads && !run.isStopping) await run.pause(undefined, 0);
    } finally {
      listening.close();
    }
  }

  #tell(report: SessionReport): void {
    this.#report = report;
    this.#events.emit('state', report);
  }
}

/** One run of a session, from start to stop. */
class Run {
  done: Promise<void> = Promise.resolve();
  slept = false;
  /** Whether the next connection goes to another station. */
  movesOn = false;
  #stopping = false;
  #skip: (() => void) | undefined;

  get isStopping(): boolean {
    return this.#stopping;
  }

  stop(): void {
    this.#stopping = true;
    this.skipPause();
  }

  skipPause(): void {
    this.#skip?.();
  }

  /** Waits for a time, or for ever without timers, unless the pause is skipped. */
  async pause(timers: Messenger['timers'] | undefined, delay: number): Promise<void> {
    if (this.#stopping) return;
    let timer: Disposable | undefined;
    await new Promise<void>((resolve) => {
      this.#skip = resolve;
      timer = timers?.after(delay, resolve);
    });
    this.#skip = undefined;
    timer?.[disposeSymbol]();
  }
}

function stopped(): ProtocolError<'state/stopped'> {
  return new ProtocolError('state/stopped', 'the session has been stopped');
}
