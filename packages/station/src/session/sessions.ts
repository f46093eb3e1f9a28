import type { Clock, Transport } from '@dimp/core';
import type { RemoteAddress } from '@dimp/core/transport';
import type { EntityKey, ID } from '@dimp/mkm';
import type { Limits } from '../limits/limits.ts';
import type { StationMetrics } from '../metrics/metrics.ts';
import { Session, type SessionEvents } from './session.ts';
import type { Sink } from './sink.ts';

/** Options for {@link Sessions}. */
export interface SessionsOptions {
  readonly clock: Clock;
  readonly limits: Pick<
    Limits,
    'sessionsPerUser' | 'loginTimeout' | 'slowReaderTimeout' | 'strangerPayloadBytes'
  >;
  readonly metrics: StationMetrics;
}

/** All connections of a station, by user. */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #all = new Set<Session>();
  readonly #byUser = new Map<EntityKey, Session[]>();
  readonly #events: SessionEvents;
  #count = 0;
  #changed: (user: ID) => void = () => {};

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#events = {
      activityChanged: ({ user }) => {
        if (user !== undefined) this.#changed(user);
      },
    };
  }

  /** Calls back when messages of a user go to other sessions than before. There is one listener. */
  onChange(listener: (user: ID) => void): void {
    this.#changed = listener;
  }

  /** Number of connections. */
  get size(): number {
    return this.#all.size;
  }

  /** Number of logged-in users. */
  get users(): number {
    return this.#byUser.size;
  }

  open(transport: Transport, remote: RemoteAddress): Session {
    this.#count += 1;
    transport.limitPayloads?.(this.#options.limits.strangerPayloadBytes);
    const id = this.#count.toString(36);
    const session = new Session(id, transport, remote, this.#options.clock, this.#events);
    this.#all.add(session);
    this.#options.metrics.add('connections', 1);
    this.#options.metrics.change('connections.open', 1);
    return session;
  }

  /** Logs a user in. From now on their messages are pushed to the session. */
  login(session: Session, user: ID, neighbour: boolean): void {
    if (session.user === undefined) {
      session.bind(user, neighbour);
      this.#options.metrics.add('logins', 1);
      this.#options.metrics.change('sessions.open', 1);
      const sessions = this.#byUser.get(user.entity) ?? [];
      this.#byUser.set(user.entity, [...sessions, session]);
      if (sessions.length >= this.#options.limits.sessionsPerUser) sessions[0]?.close();
    }
    session.setActive(true);
  }

  /** Removes a connection that has ended. */
  drop(session: Session): void {
    session.close();
    if (!this.#all.delete(session)) return;
    this.#options.metrics.change('connections.open', -1);
    const { user } = session;
    if (user === undefined) return;
    this.#options.metrics.change('sessions.open', -1);
    const left = this.ofUser(user).filter((each) => each !== session);
    if (left.length === 0) this.#byUser.delete(user.entity);
    else this.#byUser.set(user.entity, left);
    this.#changed(user);
  }

  /** The sessions of a user, oldest first. */
  ofUser(user: ID): readonly Session[] {
    return this.#byUser.get(user.entity) ?? [];
  }

  /** The sessions of a user to which messages are pushed. */
  activeOf(user: ID): readonly Sink[] {
    const sessions = this.#byUser.get(user.entity);
    return sessions === undefined ? [] : sessions.filter((each) => each.active);
  }

  /** Closes connections without a login, and those that do not acknowledge pushes. */
  sweep(): void {
    const { clock, limits } = this.#options;
    for (const session of this.#all) {
      const late =
        session.user === undefined
          ? session.connected + limits.loginTimeout <= clock.now()
          : session.silence >= limits.slowReaderTimeout;
      if (late) session.close();
    }
  }

  /** Ends all connections after processing what has already arrived. */
  finish(): void {
    for (const session of this.#all) session.finish();
  }

  /** Ends all connections at once. */
  close(): void {
    for (const session of this.#all) session.close();
  }
}
