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

/** Where a user has logged in, with proof (spec §9.7). */
export interface LoginRecord {
  /** Time of the login from the user's command, in seconds since the epoch. */
  readonly time: number;
  /** The command as on the wire. */
  readonly command: JsonObject;
  /** The message of the command, signed by the user, so that other stations need not trust this one. */
  readonly message: JsonObject;
  /** The station from the user's command; undefined if their client does not know it. */
  readonly station?: ID;
  /** The neighbour that has relayed the login; undefined if the user is connected to this station. */
  readonly via?: ID;
}

/** Events of {@link Logins}. */
export interface LoginEvents {
  /** A newer login of a user has been stored. */
  changed: { readonly user: ID; readonly record: LoginRecord };
}

/** Options for {@link Logins}. */
export interface LoginsOptions {
  readonly store: Store;
  readonly protocol: Protocol;
  readonly logger: Logger;
}

const AREA = 'login';

/** The stored newest login of each user (spec §11.7). */
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

  /** Events of changed logins. */
  get events(): EventSource<LoginEvents> {
    return this.#events;
  }

  /** @throws `store/` codes */
  get(user: ID): MaybePromise<LoginRecord | undefined> {
    return this.#records.get(user);
  }

  /**
   * Stores a login if it is newer than the stored one. The caller checks that the sender may do so.
   *
   * @param doubtful - name of a command with a time that cannot be trusted
   * @returns whether it was newer
   * @throws `policy/rate-limited` for too many doubtful ones; `store/` codes
   */
  async save(user: ID, record: LoginRecord, doubtful?: string): Promise<boolean> {
    const saved = await this.#records.save(user, record, undefined, doubtful);
    if (saved) this.#events.emit('changed', { user, record });
    return saved;
  }

  /**
   * Deletes the login of a user.
   *
   * @throws `store/` codes
   */
  async remove(user: ID): Promise<void> {
    await this.#records.remove(user);
  }

  /**
   * The newest login of each user.
   *
   * @throws `store/` codes
   */
  async *all(): AsyncGenerator<LoginEvents['changed']> {
    for await (const [entity, record] of this.#records.all()) {
      yield { user: this.#parseID(entity), record };
    }
  }

  /** Drops a part of the cache, half by default. */
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
