import type { Store, StoreChange, StoreKey } from '@dimp/core';
import { isProtocolError, type JsonObject } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { corruptRecord, decodeRecordObject, encodeRecord } from '../record.ts';

/** Maximum attempts to write a record that another tab writes too. */
const ATTEMPTS = 16;

/** A record of a direction with its creation time. */
export interface DirectionRecord extends JsonObject {
  /** Milliseconds since the epoch. */
  readonly created: number;
}

/** Options for {@link DirectionRecords}. */
export interface DirectionRecordsOptions {
  readonly store: Store;
  /** First part of the paths. */
  readonly area: string;
  /** Kind of record, for errors. */
  readonly what: string;
  /** Approximate maximum number of records; the oldest are dropped. */
  readonly limit: number;
}

/** A direction: sender, and receiver or group. */
export type Direction = readonly [sender: ID, destination: ID];

/**
 * A bounded number of records by direction in a store. Peers can invent any number of users and groups, so a new direction may
 * displace an old one.
 */
export class DirectionRecords {
  readonly #store: Store;
  readonly #area: string;
  readonly #what: string;
  readonly #limit: number;
  /** Number of new directions that fit before the records have to be counted. */
  #room = 0;
  #looking: Promise<void> | undefined;

  constructor({ store, area, what, limit }: DirectionRecordsOptions) {
    this.#store = store;
    this.#area = area;
    this.#what = what;
    this.#limit = limit;
  }

  async get(direction: Direction): Promise<DirectionRecord | undefined> {
    const bytes = await this.#store.get(this.#pathOf(direction));
    return bytes === undefined ? undefined : this.#decode(bytes);
  }

  /**
   * Writes a record.
   *
   * @param extra - further changes in the same batch
   */
  async set(
    direction: Direction,
    record: DirectionRecord,
    extra: readonly StoreChange[] = [],
  ): Promise<void> {
    const key = this.#pathOf(direction);
    if ((await this.#store.get(key)) === undefined) await this.#makeRoom();
    await this.#store.batch([...extra, { type: 'set', key, value: encodeRecord(record) }]);
  }

  /**
   * Changes a record with compare-and-set.
   *
   * @param change - returns the new record, or undefined to stop
   * @returns the record that was written
   */
  async update<R extends DirectionRecord>(
    direction: Direction,
    change: (record: DirectionRecord) => R | undefined,
  ): Promise<R | undefined> {
    const key = this.#pathOf(direction);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const bytes = await this.#store.get(key);
      const next = bytes === undefined ? undefined : change(this.#decode(bytes));
      if (next === undefined) return undefined;
      if (await this.#store.compareAndSet(key, bytes, encodeRecord(next))) return next;
    }
    // Other tabs were faster each time.
    return undefined;
  }

  async delete(direction: Direction): Promise<void> {
    await this.#store.delete(this.#pathOf(direction));
  }

  /** Returns the deletions that keep the number of a sender's directions below a limit after one more is added. */
  async oldestOf({ entity }: ID, most: number): Promise<readonly StoreChange[]> {
    return (await this.#newestFirst([this.#area, entity])).slice(most - 1).map(drop);
  }

  async #makeRoom(): Promise<void> {
    if (this.#room <= 0) {
      this.#looking ??= this.#look().finally(() => {
        this.#looking = undefined;
      });
      await this.#looking;
    }
    this.#room -= 1;
  }

  /** Counts the records and drops more than necessary, so that the next count is not needed soon. */
  async #look(): Promise<void> {
    const records = await this.#newestFirst([this.#area]);
    const kept =
      records.length < this.#limit ? records.length : this.#limit - Math.ceil(this.#limit / 8);
    const surplus = records.slice(kept);
    if (surplus.length > 0) await this.#store.batch(surplus.map(drop));
    this.#room = this.#limit - kept;
  }

  async #newestFirst(prefix: StoreKey): Promise<readonly StoreKey[]> {
    const records: { readonly key: StoreKey; readonly created: number }[] = [];
    for await (const [key, bytes] of this.#store.list(prefix)) {
      records.push({ key, created: this.#createdOf(bytes) });
    }
    return records.sort((a, b) => b.created - a.created).map(({ key }) => key);
  }

  /** Returns the creation time; a damaged record counts as the oldest. */
  #createdOf(bytes: Uint8Array): number {
    try {
      return this.#decode(bytes).created;
    } catch (error) {
      if (isProtocolError(error, 'store/corrupt')) return Number.NEGATIVE_INFINITY;
      throw error;
    }
  }

  #decode(bytes: Uint8Array): DirectionRecord {
    const record = decodeRecordObject(bytes, this.#what);
    const { created } = record;
    if (typeof created !== 'number') throw corruptRecord(this.#what);
    return { ...record, created };
  }

  #pathOf([sender, destination]: Direction): StoreKey {
    return [this.#area, sender.entity, destination.entity];
  }
}

function drop(key: StoreKey): StoreChange {
  return { type: 'delete', key };
}
