import type { Logger, Protocol, Store } from '@dimp/core';
import {
  type EventSource,
  Events,
  isJsonObject,
  type JsonObject,
  type MaybePromise,
  ownMember,
  type Reduction,
} from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { NewestRecords } from './newest-records.ts';

/** Where a user has logged in, and the proof of it (spec §9.7). */
export interface LoginRecord {
  /** When he says he did, in seconds since the epoch. */
  readonly time: number;
  /** The command, as on the wire. */
  readonly command: JsonObject;
  /** The message that it came in, signed by the user: others need not believe the station. */
  readonly message: JsonObject;
  /** The station he is at, as he says; undefined where his client does not know it. */
  readonly station?: ID;
  /** The neighbour through which it came; undefined if he is connected here. */
  readonly via?: ID;
}

/** What is told of logins. */
export interface LoginEvents {
  /** A newer login of a user has been stored. */
  changed: { readonly user: ID; readonly record: LoginRecord };
}

/** What {@link Logins} are made with. */
export interface LoginsOptions {
  readonly store: Store;
  readonly protocol: Protocol;
  readonly logger: Logger;
}

const AREA = 'login';

/** The newest login of each user, on disk (spec §11.7). */
export class Logins {
  readonly #parseID: Protocol['parseID'];
  readonly #records: NewestRecords<LoginRecord>;
  readonly #events = new Events<LoginEvents>({ changed: true });

  constructor({ store, protocol, logger }: LoginsOptions) {
    this.#parseID = protocol.parseID;
    this.#records = new NewestRecords({
      store,
      area: AREA,
      logger,
      encode: ({ time, command, message, station, via }) => ({
        time,
        command,
        message,
        station: station?.text,
        via: via?.text,
      }),
      decode: (record) => decode(record, protocol),
    });
  }

  /** Where to listen to what changes. */
  get events(): EventSource<LoginEvents> {
    return this.#events;
  }

  /** @throws `store/` codes */
  get(user: ID): MaybePromise<LoginRecord | undefined> {
    return this.#records.get(user);
  }

  /**
   * Keeps a login if it is newer than the stored one. Who may say so is the caller's question.
   *
   * @param doubtful - name of a command whose time proves nothing
   * @returns whether it was
   * @throws `policy/rate-limited` for too many doubtful ones; `store/` codes
   */
  async save(user: ID, record: LoginRecord, doubtful?: string): Promise<boolean> {
    const saved = await this.#records.save(user, record, undefined, doubtful);
    if (saved) this.#events.emit('changed', { user, record });
    return saved;
  }

  /**
   * Forgets where a user has logged in.
   *
   * @throws `store/` codes
   */
  async remove(user: ID): Promise<void> {
    await this.#records.remove(user);
  }

  /**
   * Everybody's newest login.
   *
   * @throws `store/` codes
   */
  async *all(): AsyncGenerator<LoginEvents['changed']> {
    for await (const [entity, record] of this.#records.all()) {
      yield { user: this.#parseID(entity), record };
    }
  }

  /** Forgets a part of what is in memory, half by default. */
  reduceMemory(part?: Reduction): void {
    this.#records.reduceMemory(part);
  }
}

function decode(record: JsonObject, protocol: Protocol): LoginRecord | undefined {
  const [time, command, message] = ['time', 'command', 'message'].map((each) =>
    ownMember(record, each),
  );
  if (typeof time !== 'number' || !isJsonObject(command) || !isJsonObject(message))
    return undefined;
  const [station, via] = ['station', 'via'].map((each) => ownMember(record, each));
  return {
    time,
    command,
    message,
    ...(station === undefined ? {} : { station: protocol.parseID(station) }),
    ...(via === undefined ? {} : { via: protocol.parseID(via) }),
  };
}
