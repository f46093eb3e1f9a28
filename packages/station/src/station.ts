import type { Transport } from '@dimp/core';
import type { RemoteAddress } from '@dimp/core/transport';
import { onAsyncDispose, ProtocolError } from '@dimp/foundation';
import { EntityType, type ID } from '@dimp/mkm';
import type { Hold } from './directory/eviction.ts';
import type { StationHealth } from './station-health.ts';
import type { StationOptions } from './station-options.ts';
import { buildStation, type StationParts } from './station-wiring.ts';

/** Options for {@link Station.stop}. */
export interface StopOptions {
  /** Waits for what connections have already sent; true by default. */
  readonly graceful?: boolean;
}

/**
 * A station: accepts connections, authenticates their users, and relays messages. What it has acknowledged is on its disk
 * until the receiver has it.
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
  readonly #parts: StationParts;
  readonly #commands: StationOptions['commands'];
  readonly #neighbours: StationOptions['neighbours'];
  #stopping: Promise<void> | undefined;

  private constructor(options: StationOptions) {
    this.id = options.id;
    this.#commands = options.commands;
    this.#neighbours = options.neighbours;
    this.#parts = buildStation(options);
  }

  /**
   * Opens a station.
   *
   * @throws `identity/not-found` if the ID does not belong to a user of the facebook, `unsupported/entity` if it does not
   *   belong to a station; `format/field` for limits out of their range; `store/` codes
   */
  static async open(options: StationOptions): Promise<Station> {
    const { facebook, id } = options;
    await facebook.requireSigner(id);
    if (id.type !== EntityType.Station) throw notAStation(id);
    const station = new Station(options);
    await station.#parts.stored.load();
    options.commands?.holdBy?.((each) => station.#holdOf(each));
    station.#parts.housekeeping.start();
    return station;
  }

  /**
   * Serves a connection until it ends. Never throws.
   *
   * @param transport - closed when the station stops or ends the session
   */
  accept(transport: Transport, remote: RemoteAddress): Promise<void> {
    return this.#parts.connections.accept(transport, remote);
  }

  /**
   * Logs this station in at a neighbour, and serves the connection until it ends.
   *
   * @param transport - a connection to the neighbour; closed in any case
   * @throws `policy/unauthorized` if another station answers; `state/stopped`; `transport/` codes if the login fails
   */
  join(transport: Transport, neighbour: ID): Promise<void> {
    return this.#parts.connections.join(transport, neighbour);
  }

  /** A user has logged in at another station: asks for the routes to them again. */
  routeChanged(user: ID): void {
    this.#parts.fanOut.refresh(user);
  }

  /** Neighbours have come or gone: asks for all routes again. */
  routesChanged(): void {
    this.#parts.fanOut.refreshAll();
  }

  /**
   * All users for whom messages may be waiting.
   *
   * @throws `store/` codes
   */
  receivers(): AsyncIterable<ID> {
    return this.#parts.inbox.receivers();
  }

  /**
   * Forgets a user: ends their connections and removes what is stored of them, waiting messages included. When they come
   * back, they are new to the station.
   *
   * @returns whether the directory knew them, and how many messages were removed
   * @throws `format/field` for the station itself; `store/` codes
   */
  async forget(user: ID): Promise<{ readonly known: boolean; readonly messages: number }> {
    const { transceiver, sessions, inbox, commits } = this.#parts;
    const known = (await transceiver.barrack.meta(user)) !== undefined;
    await this.#commands?.forget?.(user);
    for (const session of sessions.ofUser(user)) session.close();
    const messages = await inbox.clear(user);
    await commits.flush();
    return { known, messages };
  }

  /** Health report of the station. */
  health(): StationHealth {
    const { storeHealth, sessions, commits } = this.#parts;
    const running = this.#stopping === undefined;
    return {
      ok: running && !storeHealth.failing,
      store: storeHealth.failing ? 'failing' : 'working',
      running,
      connections: sessions.size,
      users: sessions.users,
      waiting: commits.waiting,
    };
  }

  /**
   * Closes all connections, and waits until what they have sent is on the disk. Facebook and store stay open.
   *
   * @returns when no work of the station is left
   */
  stop(options: StopOptions = {}): Promise<void> {
    this.#stopping ??= this.#stop(options);
    return this.#stopping;
  }

  declare readonly [Symbol.asyncDispose]: () => Promise<void>;

  static {
    onAsyncDispose(Station, (station) => station.stop());
  }

  async #holdOf(user: ID): Promise<Hold | undefined> {
    const { sessions, inbox } = this.#parts;
    if (sessions.ofUser(user).length > 0 || this.#neighbours?.trusts(user)) return 'here';
    return (await inbox.isEmpty(user)) ? undefined : 'messages';
  }

  async #stop({ graceful = true }: StopOptions): Promise<void> {
    const { connections, sessions, commits, receipts, fanOut, housekeeping } = this.#parts;
    connections.stop();
    housekeeping.stop();
    receipts.stop();
    fanOut.close();
    if (graceful) {
      // What devices have acknowledged meanwhile need not be sent again after the restart.
      await commits.flush();
      sessions.finish();
    } else sessions.close();
    await connections.ended();
    await housekeeping.finished();
    await commits.flush();
    await housekeeping.saveStoredBytes();
  }
}

function notAStation(id: ID): ProtocolError<'unsupported/entity'> {
  return new ProtocolError('unsupported/entity', 'ID does not belong to a station', {
    details: { id: id.text, type: id.type },
  });
}
