import type { Logger } from '@dimp/core';
import { isProtocolError, LruMap } from '@dimp/foundation';
import type { EntityKey, ID } from '@dimp/mkm';
import type { LoginRecord, Logins } from '../directory/logins.ts';

/** Where a user has last logged in. */
export type Route = Pick<LoginRecord, 'time' | 'station' | 'via'>;

/** Options for {@link RouteTable}. */
export interface RouteTableOptions {
  readonly logins: Pick<Logins, 'get'>;
  readonly logger: Logger;
  /** Called when the route to a user was loaded, after {@link RouteTable.get} did not have it. */
  readonly onFound: (user: ID) => void;
}

/** Most routes in memory. */
const CAPACITY = 65_536;

/** Caches the routes to users; the others are loaded from the store. */
export class RouteTable {
  readonly #options: RouteTableOptions;
  readonly #known = new LruMap<EntityKey, Route | 'none'>(CAPACITY);
  readonly #loading = new Set<EntityKey>();

  constructor(options: RouteTableOptions) {
    this.#options = options;
  }

  /** The route to a user; undefined if it is unknown, or has to be loaded first. */
  get(user: ID): Route | undefined {
    const route = this.#known.get(user.entity);
    if (route === undefined) void this.load(user).then((found) => this.#told(user, found));
    return route === 'none' ? undefined : route;
  }

  /** Loads and returns the route to a user. If the store fails, the route counts as unknown. */
  async load(user: ID): Promise<Route | undefined> {
    const { entity } = user;
    const known = this.#known.get(entity);
    if (known !== undefined || this.#loading.has(entity))
      return known === 'none' ? undefined : known;
    this.#loading.add(entity);
    try {
      const record = await this.#options.logins.get(user);
      // A login that has arrived meanwhile is newer.
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

  /** Replaces the route to a user by a newer login. */
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
