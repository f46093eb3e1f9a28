import type { Logger, Store, Timers } from '@dimp/core';
import type { Facebook } from '@dimp/endpoint';
import { encodeRecord } from '@dimp/endpoint';
import {
  type Handle,
  isProtocolError,
  type JsonObject,
  ownMember,
  ProtocolError,
} from '@dimp/foundation';
import { type Document, type EntityKey, EntityType, type ID } from '@dimp/mkm';
import { readRecord } from './record.ts';
import { searchTest, searchText } from './search-terms.ts';

/** Options for {@link UserIndex}. */
export interface UserIndexOptions {
  readonly facebook: Facebook;
  readonly store: Store;
  readonly logger: Logger;
  readonly timers: Timers;
  /** Most users in the index; 200,000 by default. */
  readonly capacity?: number;
}

interface Entry {
  readonly id: string;
  readonly text: string;
}

const AREA = 'search';
const CAPACITY = 200_000;
/** Entries that are searched before other work runs. */
const SLICE = 10_000;
/** Most waiting searches; more are refused. */
const MAX_WAITING = 64;

/**
 * Finds people and bots with a visa by name, ID or number (spec §9.9). The index is loaded at the first search and
 * updated when documents are saved. One search runs at a time, in slices, so that messages are not delayed.
 */
export class UserIndex {
  readonly #options: UserIndexOptions;
  readonly #capacity: number;
  readonly #listening: Handle;
  /** Undefined before the first search. */
  #entries: Promise<Map<EntityKey, Entry>> | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(options: UserIndexOptions) {
    this.#options = options;
    this.#capacity = options.capacity ?? CAPACITY;
    this.#listening = options.facebook.events.on('documentSaved', ({ id, document }) => {
      if (document !== undefined) this.#saved(id, document);
    });
  }

  /**
   * @param words - all must occur; case-insensitive
   * @param start - number of results to skip
   * @param limit - most results
   * @returns undefined for words that cannot be searched: none, too many, too long, or single characters only
   * @throws `policy/rate-limited` while too many searches wait; `store/` codes
   */
  async search(
    words: readonly string[],
    start: number,
    limit: number,
  ): Promise<readonly ID[] | undefined> {
    const test = searchTest(words);
    if (test === undefined) return undefined;
    if (this.#waiting >= MAX_WAITING) {
      throw new ProtocolError('policy/rate-limited', 'too many searches are waiting', {
        details: { limit: 'searches' },
      });
    }
    this.#waiting += 1;
    const result = this.#turn.then(() => this.#scan(test, start, limit));
    this.#turn = result.catch(() => {});
    try {
      return await result;
    } finally {
      this.#waiting -= 1;
    }
  }

  /** Removes a user from the index. */
  async remove({ entity }: ID): Promise<void> {
    const { store } = this.#options;
    const removing = this.#writing.then(() => store.delete([AREA, entity]));
    this.#writing = removing.catch(() => {});
    this.#entries = this.#entries?.then((entries) => {
      entries.delete(entity);
      return entries;
    });
    this.#entries?.catch(() => {});
    await removing;
  }

  /** Resolves when all earlier changes are stored. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  /** Stops listening to the facebook. */
  close(): void {
    this.#listening.close();
  }

  async #scan(
    test: (text: string) => boolean,
    start: number,
    limit: number,
  ): Promise<readonly ID[]> {
    const entries = await this.#loaded();
    // A set: a user who is saved meanwhile moves to the end, and would be found twice.
    const found = new Set<string>();
    let skip = start;
    let looked = 0;
    for (const { id, text } of entries.values()) {
      if (found.size >= limit) break;
      looked += 1;
      if (looked % SLICE === 0) await this.#othersTurn();
      if (!test(text)) continue;
      if (skip > 0) skip -= 1;
      else found.add(id);
    }
    const { parseID } = this.#options.facebook.protocol;
    return [...found].map((text) => parseID(text));
  }

  #saved(id: ID, document: Document): void {
    if (!isSearched(id) || document.type !== 'visa') return;
    const entry: Entry = { id: id.text, text: searchText(id, document) };
    const { store, logger } = this.#options;
    const key = [AREA, id.entity];
    const value = encodeRecord({ ...entry });
    this.#writing = this.#writing
      .then(() => store.set(key, value))
      .catch((error: unknown) => {
        // The next login of the user brings their visa again.
        const code = isProtocolError(error) ? error.code : 'unknown';
        logger.warn('search index not written', { code });
      });
    // While the index is loading, this entry is put in afterwards, because the loaded one may be older.
    this.#entries = this.#entries?.then((entries) => this.#put(entries, id.entity, entry));
    this.#entries?.catch(() => {});
  }

  #loaded(): Promise<Map<EntityKey, Entry>> {
    if (this.#entries !== undefined) return this.#entries;
    const entries = this.#load();
    this.#entries = entries;
    entries.catch(() => {
      this.#entries = undefined;
    });
    return entries;
  }

  async #load(): Promise<Map<EntityKey, Entry>> {
    const { store, logger } = this.#options;
    await this.#writing;
    const entries = new Map<EntityKey, Entry>();
    let looked = 0;
    for await (const [[, entity], bytes] of store.list([AREA])) {
      if (entries.size >= this.#capacity) {
        logger.warn('search index full', { capacity: this.#capacity });
        break;
      }
      looked += 1;
      if (looked % SLICE === 0) await this.#othersTurn();
      const entry = readRecord(bytes, AREA, decode, logger);
      if (entry !== undefined) entries.set(entity as EntityKey, entry);
    }
    return entries;
  }

  /** Appends an entry; if the index is full, the oldest one is dropped. */
  #put(entries: Map<EntityKey, Entry>, entity: EntityKey, entry: Entry): Map<EntityKey, Entry> {
    entries.delete(entity);
    if (entries.size >= this.#capacity) {
      const oldest = entries.keys().next();
      if (!oldest.done) entries.delete(oldest.value);
    }
    return entries.set(entity, entry);
  }

  #othersTurn(): Promise<void> {
    return new Promise((resolve) => {
      this.#options.timers.after(0, resolve);
    });
  }
}

/** Whether an ID belongs to a person or a bot. */
function isSearched(id: ID): boolean {
  if (!id.isUser || id.isBroadcast) return false;
  return id.type === EntityType.User || id.type === EntityType.Bot;
}

function decode(record: JsonObject): Entry | undefined {
  const id = ownMember(record, 'id');
  const text = ownMember(record, 'text');
  return typeof id === 'string' && typeof text === 'string' ? { id, text } : undefined;
}
