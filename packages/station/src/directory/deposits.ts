import type { Logger, Store } from '@dimp/core';
import {
  isJsonObject,
  type JsonObject,
  type MaybePromise,
  ownMember,
  type Reduction,
} from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { NewestRecords } from './newest-records.ts';

/** What a user stores at the station under a title (spec §9.10). */
export interface Deposit {
  /** Seconds since the epoch, from the user's command. */
  readonly time: number;
  /** The whole command as on the wire. The station does not interpret it. */
  readonly command: JsonObject;
}

/** Titles of deposits (spec §9.10). */
export const TITLES = ['contacts', 'private_key'] as const;
/** One of {@link TITLES}. */
export type Title = (typeof TITLES)[number];

/** Longest command that is stored, in UTF-16 code units of its JSON. */
export const MAX_DEPOSIT_LENGTH: number = 64 * 1024;

/**
 * Data that users store at the station, encrypted by themselves, such as their contacts for the next device (spec
 * §9.10).
 */
export class Deposits {
  readonly #records: NewestRecords<Deposit>;

  constructor(store: Store, logger: Logger) {
    this.#records = new NewestRecords<Deposit>({
      store,
      area: 'storage',
      logger,
      encode: ({ time, command }) => ({ time, command }),
      decode,
    });
  }

  /** @throws `store/` codes */
  get(user: ID, title: Title): MaybePromise<Deposit | undefined> {
    return this.#records.get(user, title);
  }

  /**
   * Stores a deposit if it is newer than the stored one. The caller checks its length.
   *
   * @param doubtful - name of a command with a time that cannot be trusted
   * @returns whether it was newer
   * @throws `policy/rate-limited` for too many doubtful ones; `store/` codes
   */
  async save(user: ID, title: Title, deposit: Deposit, doubtful?: string): Promise<boolean> {
    return this.#records.save(user, deposit, title, doubtful);
  }

  /**
   * Deletes all deposits of a user.
   *
   * @throws `store/` codes
   */
  async remove(user: ID): Promise<void> {
    for (const title of TITLES) await this.#records.remove(user, title);
  }

  /** Drops a part of the cache, half by default. */
  reduceMemory(part?: Reduction): void {
    this.#records.reduceMemory(part);
  }
}

function decode(record: JsonObject): Deposit | undefined {
  const time = ownMember(record, 'time');
  const command = ownMember(record, 'command');
  return typeof time === 'number' && isJsonObject(command) ? { time, command } : undefined;
}
