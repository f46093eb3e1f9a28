import type { Store, StoreChange, StoreKey } from '@dimp/core';
import { isProtocolError, type JsonObject } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { corruptRecord, decodeRecordObject, encodeRecord } from '../record.ts';

/** Attempts to write what another tab writes as well. */
const ATTEMPTS = 16;

/** What is kept of a direction: records that know when they were made. */
export interface DirectionRecord extends JsonObject {
  /** Milliseconds since the epoch. */
  readonly created: number;
}

/** Where {@link DirectionRecords} are. */
export interface DirectionRecordsOptions {
  readonly store: Store;
  /** First part of their paths. */
  readonly area: string;
  /** What they are, for errors. */
  readonly what: string;
  /** Most that are kept, about; the oldest are dropped. */
  readonly limit: number;
}

/** A direction: from whom, to whom or to which group. */
export type Direction = readonly [sender: ID, destination: ID];

/**
 * Records by direction in a store, bounded. Peers can make up any number of groups and of themselves, so each new
 * direction may cost an old one.
 */
export class DirectionRecords {
  readonly #store: Store;
  readonly #area: string;
  readonly #what: string;
  readonly #limit: number;
  /** New directions that fit in before somebody has to look how many there are. */
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
   * @param extra - what else has to change with it
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
   * Replaces a record if it is still there as somebody has read it.
   *
   * @param change - undefined gives up
   * @returns what `change` gave last, once it is written
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
    // Others are faster each time.
    return undefined;
  }

  async delete(direction: Direction): Promise<void> {
    await this.#store.delete(this.#pathOf(direction));
  }

  /** What has to go so that of one sender there are no more than some directions after one more. */
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

  /** Looks how many there are, and drops some more than it has to: the next look is to be some time off. */
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

  /** A damaged record is the first to go. */
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
