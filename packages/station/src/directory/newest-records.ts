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

/** Something a user has one of; what is newer replaces what is older. */
export interface Timed {
  /** Seconds since the epoch, as its author says. */
  readonly time: number;
}

/** How one kind of record is kept. */
export interface NewestRecordsOptions<T extends Timed> {
  readonly store: Store;
  /** First parts of their paths; what they are, for errors. */
  readonly area: string;
  readonly encode: (value: T) => JsonObject;
  /** @returns undefined for a record that is not what was written */
  readonly decode: (record: JsonObject) => T | undefined;
  readonly logger: Logger;
}

/** Most bytes of records in memory. */
const CACHE_BYTES = 32 * 1024 * 1024;
/** What an entry weighs besides its record: that a user has none is remembered, too. */
const ENTRY_BYTES = 256;
/** Values take more room than their records. */
const GROWTH = 4;
/** Names of doubtful changes that are remembered for one record. */
const MAX_DOUBTFUL = 4096;
/** Where they stand in a record. */
const DOUBTFUL = 'doubtful';
/** Attempts to write what somebody else writes as well. */
const ATTEMPTS = 16;

/**
 * A record of each user in a store, the newest by its own time. Those asked for lately are in memory, and so is that
 * somebody has none: who is asked for with each message costs no reading.
 */
export class NewestRecords<T extends Timed> {
  readonly #options: NewestRecordsOptions<T>;
  readonly #cache = new WeightedCache<string, { readonly value: T | undefined }>(CACHE_BYTES);
  /** Counts the changes: what somebody began to read before may be older than what is stored. */
  #changes = 0;

  constructor(options: NewestRecordsOptions<T>) {
    this.#options = options;
  }

  /**
   * @param name - which of several; undefined where there is one only
   * @throws `store/` codes; a damaged record counts as none, and is reported
   */
  get(user: ID, name?: string): MaybePromise<T | undefined> {
    const path = this.#pathOf(user, name);
    const known = this.#cache.get(path.join('\n'));
    return known === undefined ? this.#load(path) : known.value;
  }

  /**
   * Keeps a record if it is newer than the stored one.
   *
   * @param doubtful - name of a change whose time somebody on the way may have written. A record remembers all such names:
   *   an old change does not come again under another date.
   * @returns whether it was; another of the same time is not newer, and neither is a doubtful one that was here before
   * @throws `policy/rate-limited` for one more doubtful change than are remembered; `store/` codes
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
      // Whether it counts or not: what came too late must not come again with a later date.
      if (!isNewer && doubtful === undefined) return false;
      const kept = doubtful === undefined ? names : [...names, doubtful];
      const record = encode(isNewer ? value : before);
      const bytes = encodeRecord(kept.length === 0 ? record : { ...record, [DOUBTFUL]: kept });
      if (!(await store.compareAndSet(path, stored, bytes))) continue;
      // Not put into the cache: of two that are saved at once, nobody knows here which was the last.
      this.#changes += 1;
      this.#cache.delete(path.join('\n'));
      return isNewer;
    }
    throw new ProtocolError('store/conflict', 'others write the same record all the time');
  }

  /**
   * Forgets the record of a user.
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
   * All records, those that are damaged left out.
   *
   * @returns the entity of each, as text
   * @throws `store/` codes
   */
  async *all(): AsyncGenerator<readonly [entity: string, value: T]> {
    for await (const [key, bytes] of this.#options.store.list([this.#options.area])) {
      const value = this.#read(bytes);
      const [, entity] = key;
      if (value !== undefined && entity !== undefined) yield [entity, value];
    }
  }

  /** Forgets a part of what is in memory, half by default. */
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

  /** A user whose record is damaged must be able to write another. */
  #read(bytes: Uint8Array): T | undefined {
    const { area, decode, logger } = this.#options;
    return readRecord(bytes, area, decode, logger);
  }

  #pathOf({ entity }: ID, name: string | undefined): readonly string[] {
    const { area } = this.#options;
    return name === undefined ? [area, entity] : [area, entity, name];
  }
}

/** Names of doubtful changes in a record; a damaged one has none that could be read. */
function doubtfulIn(bytes: Uint8Array): readonly string[] {
  try {
    const names = decodeRecordObject(bytes, DOUBTFUL)[DOUBTFUL];
    return Array.isArray(names) ? names.filter((each) => typeof each === 'string') : [];
  } catch {
    return [];
  }
}

function tooManyDoubtful(): ProtocolError<'policy/rate-limited'> {
  return new ProtocolError('policy/rate-limited', 'too many changes whose time proves nothing', {
    details: { limit: 'doubtful', max: MAX_DOUBTFUL },
  });
}
