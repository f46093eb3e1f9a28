import type { Clock, Transport } from '@dimp/core';
import type { RemoteAddress } from '@dimp/core/transport';
import type { EntityKey, ID } from '@dimp/mkm';
import type { Limits } from '../limits/limits.ts';
import type { StationMetrics } from '../metrics/metrics.ts';
import { Session, type SessionEvents } from './session.ts';
import type { Sink } from './sink.ts';

/** What {@link Sessions} are made with. */
export interface SessionsOptions {
  readonly clock: Clock;
  readonly limits: Pick<
    Limits,
    'sessionsPerUser' | 'loginTimeout' | 'slowReaderTimeout' | 'strangerPayloadBytes'
  >;
  readonly metrics: StationMetrics;
}

/** All connections of a station, and whose they are. */
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

  /** How many connections there are. */
  get size(): number {
    return this.#all.size;
  }

  /** How many users have logged in. */
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

  /** Somebody has logged in; from now on he gets his messages. */
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

  /** Forgets a connection that has ended. */
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

  /** Those of them that messages are pushed to. */
  activeOf(user: ID): readonly Sink[] {
    const sessions = this.#byUser.get(user.entity);
    return sessions === undefined ? [] : sessions.filter((each) => each.active);
  }

  /** Closes connections over which nobody logs in, and those that do not take what is pushed to them. */
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

  /** Ends all connections when what has come over them is done with. */
  finish(): void {
    for (const session of this.#all) session.finish();
  }

  /** Closes all. */
  close(): void {
    for (const session of this.#all) session.close();
  }
}
