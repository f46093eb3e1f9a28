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

/** What a user keeps at the station under a title (spec §9.10). */
export interface Deposit {
  /** Seconds since the epoch, as the user says. */
  readonly time: number;
  /** The whole command, as on the wire: the station reads nothing of it. */
  readonly command: JsonObject;
}

/** Titles that something can be kept under (spec §9.10). */
export const TITLES = ['contacts', 'private_key'] as const;
/** One of {@link TITLES}. */
export type Title = (typeof TITLES)[number];

/** Longest command that is kept, in UTF-16 code units of its JSON. */
export const MAX_DEPOSIT_LENGTH: number = 64 * 1024;

/** Things that users keep at the station, encrypted by themselves: their contacts, for the next device (spec §9.10). */
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
   * Keeps something if it is newer than what is there. It is the caller who bounds it.
   *
   * @param doubtful - name of a command whose time proves nothing
   * @returns whether it was
   * @throws `policy/rate-limited` for too many doubtful ones; `store/` codes
   */
  async save(user: ID, title: Title, deposit: Deposit, doubtful?: string): Promise<boolean> {
    return this.#records.save(user, deposit, title, doubtful);
  }

  /**
   * Forgets everything that a user keeps here.
   *
   * @throws `store/` codes
   */
  async remove(user: ID): Promise<void> {
    for (const title of TITLES) await this.#records.remove(user, title);
  }

  /** Forgets a part of what is in memory, half by default. */
  reduceMemory(part?: Reduction): void {
    this.#records.reduceMemory(part);
  }
}

function decode(record: JsonObject): Deposit | undefined {
  const time = ownMember(record, 'time');
  const command = ownMember(record, 'command');
  return typeof time === 'number' && isJsonObject(command) ? { time, command } : undefined;
}
