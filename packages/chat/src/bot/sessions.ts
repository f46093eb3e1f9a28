import { type Clock, type Store, type StoreKey, systemClock } from '@dimp/core';
import { decodeRecordObject, encodeRecord } from '@dimp/endpoint';
import { equalJson, isProtocolError, type Json, LruMap } from '@dimp/foundation';

/** Options for {@link Sessions}. */
export interface SessionsOptions {
  /** Keeps them over restarts; without it they are in memory. */
  readonly store?: Store;
  /** How long a session lives after its last change, in milliseconds; one hour by default. */
  readonly lifetimeMs?: number;
  /** Most sessions in memory; 10,000 by default. The longest unused ones are dropped. */
  readonly max?: number;
  readonly clock?: Clock;
}

const HOUR_MS = 60 * 60_000;
const AREA = 'bot-session';

interface Session {
  readonly value: Json;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/** What a bot remembers of each person in each conversation, such as the step of a dialogue. */
export class Sessions<S extends Json> {
  readonly #store: Store | undefined;
  readonly #lifetime: number;
  readonly #clock: Clock;
  readonly #known: LruMap<string, Session>;

  constructor(options: SessionsOptions = {}) {
    this.#store = options.store;
    this.#lifetime = options.lifetimeMs ?? HOUR_MS;
    this.#clock = options.clock ?? systemClock;
    this.#known = new LruMap(options.max ?? 10_000);
  }

  /** @returns undefined if there is none, or it is over */
  async get(conversation: string, person: string): Promise<S | undefined> {
    const name = JSON.stringify([conversation, person]);
    const session = this.#known.get(name) ?? (await this.#read([AREA, conversation, person]));
    if (session === undefined) return undefined;
    if (session.until <= this.#clock.now()) {
      await this.set(conversation, person, undefined);
      return undefined;
    }
    this.#known.set(name, session);
    return session.value as S;
  }

  /** @param value - undefined ends the session */
  async set(conversation: string, person: string, value: S | undefined): Promise<void> {
    const name = JSON.stringify([conversation, person]);
    const path = [AREA, conversation, person];
    if (value === undefined) {
      this.#known.delete(name);
      await this.#store?.delete(path);
      return;
    }
    const session = { value, until: this.#clock.now() + this.#lifetime };
    await this.#store?.set(path, encodeRecord({ value, until: session.until }));
    this.#known.set(name, session);
  }

  /** Removes the sessions in the store that are over. */
  async prune(): Promise<void> {
    const now = this.#clock.now();
    for await (const [path] of this.#store?.list([AREA]) ?? []) {
      const session = await this.#read(path);
      if (session === undefined || session.until <= now) await this.#store?.delete(path);
    }
  }

  /** A damaged session is none: the dialogue begins again. */
  async #read(path: StoreKey): Promise<Session | undefined> {
    const bytes = await this.#store?.get(path);
    if (bytes === undefined) return undefined;
    try {
      const { value = null, until } = decodeRecordObject(bytes, AREA);
      return typeof until === 'number' ? { value, until } : undefined;
    } catch (error) {
      if (!isProtocolError(error, 'store/corrupt')) throw error;
      return undefined;
    }
  }
}

/** Whether a session has changed. */
export function hasChanged(before: Json | undefined, after: Json | undefined): boolean {
  return !equalJson(before, after);
}
