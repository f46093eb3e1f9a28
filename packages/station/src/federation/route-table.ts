import type { Logger } from '@dimp/core';
import { isProtocolError, LruMap } from '@dimp/foundation';
import type { EntityKey, ID } from '@dimp/mkm';
import type { LoginRecord, Logins } from '../directory/logins.ts';

/** Where a user has logged in last, as far as routes go. */
export type Route = Pick<LoginRecord, 'time' | 'station' | 'via'>;

/** What a {@link RouteTable} is made with. */
export interface RouteTableOptions {
  readonly logins: Pick<Logins, 'get'>;
  readonly logger: Logger;
  /** Told when it is known where a user is, after somebody has asked. */
  readonly onFound: (user: ID) => void;
}

/** Routes in memory; the others are read again. */
const CAPACITY = 65_536;

/** Knows at once where users are whom somebody has asked for lately; where the others are is read from the store. */
export class RouteTable {
  readonly #options: RouteTableOptions;
  readonly #known = new LruMap<EntityKey, Route | 'none'>(CAPACITY);
  readonly #loading = new Set<EntityKey>();

  constructor(options: RouteTableOptions) {
    this.#options = options;
  }

  /** Where a user is; undefined if nobody knows, or it has to be read first. */
  get(user: ID): Route | undefined {
    const route = this.#known.get(user.entity);
    if (route === undefined) void this.load(user).then((found) => this.#told(user, found));
    return route === 'none' ? undefined : route;
  }

  /** {@link RouteTable.get}, after having read it. A store that fails knows nothing. */
  async load(user: ID): Promise<Route | undefined> {
    const { entity } = user;
    const known = this.#known.get(entity);
    if (known !== undefined || this.#loading.has(entity))
      return known === 'none' ? undefined : known;
    this.#loading.add(entity);
    try {
      const record = await this.#options.logins.get(user);
      // What was told meanwhile is newer.
      if (this.#known.get(entity) === undefined) this.#known.set(entity, routeOf(record));
      return record === undefined ? undefined : this.get(user);
    } catch (error) {
      const code = isProtocolError(error) ? error.code : 'unknown';
      this.#options.logger.error('route.failed', { code });
      return undefined;
    } finally {
      this.#loading.delete(entity);
    }
  }

  /** A newer login has come. */
  set(user: ID, record: LoginRecord): void {
    this.#known.set(user.entity, routeOf(record));
  }

  #told(user: ID, found: Route | undefined): void {
    if (found !== undefined) this.#options.onFound(user);
  }
}

function routeOf(record: LoginRecord | undefined): Route | 'none' {
  if (record === undefined) return 'none';
  const { time, station, via } = record;
  return {
    time,
    ...(station === undefined ? {} : { station }),
    ...(via === undefined ? {} : { via }),
  };
}
