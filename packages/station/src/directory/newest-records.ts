import type { Logger, Store } from '@dimp/core';
import { decodeRecordObject, encodeRecord } from '@dimp/endpoint';
import {
  type JsonObject,
  type MaybePromise,
  ProtocolError,
  type Reduction,
} from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { readRecord } from './record.ts';
import { WeightedCache } from './weighted-cache.ts';

/** A record of which each user has one; a newer one replaces it. */
export interface Timed {
  /** Seconds since the epoch, from its author. */
  readonly time: number;
}

/** Options for {@link NewestRecords}. */
export interface NewestRecordsOptions<T extends Timed> {
  readonly store: Store;
  /** First part of the paths, and name of the records in errors. */
  readonly area: string;
  readonly encode: (value: T) => JsonObject;
  /** @returns undefined for a damaged record */
  readonly decode: (record: JsonObject) => T | undefined;
  readonly logger: Logger;
}

/** Most bytes of cached records. */
const CACHE_BYTES = 32 * 1024 * 1024;
/** Weight of a cache entry besides its record. A missing record is cached too. */
const ENTRY_BYTES = 256;
/** Factor by which a value takes more memory than its record. */
const GROWTH = 4;
/** Most names of doubtful changes that are remembered for one record. */
const MAX_DOUBTFUL = 4096;
/** Member of a record with these names. */
const DOUBTFUL = 'doubtful';
/** Attempts to write a record that another writer changes at the same time. */
const ATTEMPTS = 16;

/**
 * A stored record for each user, the newest by its own time. Recently used records are cached, and so is the fact that
 * a user has none, because some records are needed for each message.
 */
export class NewestRecords<T extends Timed> {
  readonly #options: NewestRecordsOptions<T>;
  readonly #cache = new WeightedCache<string, { readonly value: T | undefined }>(CACHE_BYTES);
  /** Counts the changes: a value whose reading began before a change must not be cached. */
  #changes = 0;

  constructor(options: NewestRecordsOptions<T>) {
    this.#options = options;
  }

  /**
   * @param name - of one of several records of a user; undefined if there is only one
   * @throws `store/` codes; a damaged record counts as missing, and is logged
   */
  get(user: ID, name?: string): MaybePromise<T | undefined> {
    const path = this.#pathOf(user, name);
    const known = this.#cache.get(path.join('\n'));
    return known === undefined ? this.#load(path) : known.value;
  }

  /**
   * Stores a record if it is newer than the stored one.
   *
   * @param doubtful - name of a change whose time a third party may have written. A record remembers all such names, so
   *   that an old change cannot be replayed with another time
   * @returns whether it was newer; one with the same time is not, and neither is a known doubtful one
   * @throws `policy/rate-limited` if no more names of doubtful changes can be remembered; `store/` codes
   */
  async save(user: ID, value: T, name?: string, doubtful?: string): Promise<boolean> {
    const { store, encode } = this.#options;
    const path = this.#pathOf(user, name);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const stored = await store.get(path);
      const before = stored === undefined ? undefined : this.#read(stored);
      const names = stored === undefined ? [] : doubtfulIn(stored);
      if (doubtful !== undefined && names.includes(doubtful)) return false;
      if (doubtful !== undefined && names.length >= MAX_DOUBTFUL) throw tooManyDoubtful();
      const isNewer = before === undefined || value.time > before.time;
      // Even if it is not newer: a change that came too late must not be replayed with a later time.
      if (!isNewer && doubtful === undefined) return false;
      const kept = doubtful === undefined ? names : [...names, doubtful];
      const record = encode(isNewer ? value : before);
      const bytes = encodeRecord(kept.length === 0 ? record : { ...record, [DOUBTFUL]: kept });
      if (!(await store.compareAndSet(path, stored, bytes))) continue;
      // Not cached: of two concurrent changes, it is not known here which one was the last.
      this.#changes += 1;
      this.#cache.delete(path.join('\n'));
      return isNewer;
    }
    throw new ProtocolError(
      'store/conflict',
      'the record was changed by another writer at each attempt',
    );
  }

  /**
   * Deletes the record of a user.
   *
   * @throws `store/` codes
   */
  async remove(user: ID, name?: string): Promise<void> {
    const path = this.#pathOf(user, name);
    await this.#options.store.delete(path);
    this.#changes += 1;
    this.#cache.delete(path.join('\n'));
  }

  /**
   * All records except damaged ones.
   *
   * @returns each record with its entity as text
   * @throws `store/` codes
   */
  async *all(): AsyncGenerator<readonly [entity: string, value: T]> {
    for await (const [key, bytes] of this.#options.store.list([this.#options.area])) {
      const value = this.#read(bytes);
      const [, entity] = key;
      if (value !== undefined && entity !== undefined) yield [entity, value];
    }
  }

  /** Drops a part of the cache, half by default. */
  reduceMemory(part?: Reduction): void {
    this.#cache.reduce(part);
  }

  async #load(path: readonly string[]): Promise<T | undefined> {
    const before = this.#changes;
    const bytes = await this.#options.store.get(path);
    const value = bytes === undefined ? undefined : this.#read(bytes);
    if (this.#changes === before) {
      const weight = ENTRY_BYTES + (bytes === undefined ? 0 : GROWTH * bytes.length);
      this.#cache.set(path.join('\n'), { value }, weight);
    }
    return value;
  }

  /** Reads a record. A damaged one counts as missing, so that the user can write another. */
  #read(bytes: Uint8Array): T | undefined {
    const { area, decode, logger } = this.#options;
    return readRecord(bytes, area, decode, logger);
  }

  #pathOf({ entity }: ID, name: string | undefined): readonly string[] {
    const { area } = this.#options;
    return name === undefined ? [area, entity] : [area, entity, name];
  }
}

/** Returns the names of doubtful changes in a record; none for a damaged one. */
function doubtfulIn(bytes: Uint8Array): readonly string[] {
  try {
    const names = decodeRecordObject(bytes, DOUBTFUL)[DOUBTFUL];
    return Array.isArray(names) ? names.filter((each) => typeof each === 'string') : [];
  } catch {
    return [];
  }
}

function tooManyDoubtful(): ProtocolError<'policy/rate-limited'> {
  return new ProtocolError(
    'policy/rate-limited',
    'too many changes with a time that cannot be verified',
    {
      details: { limit: 'doubtful', max: MAX_DOUBTFUL },
    },
  );
}
