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

/** What a {@link UserIndex} is made with. */
export interface UserIndexOptions {
  readonly facebook: Facebook;
  readonly store: Store;
  readonly logger: Logger;
  readonly timers: Timers;
  /** Most users that are searched, 200,000 by default. */
  readonly capacity?: number;
}

interface Entry {
  readonly id: string;
  readonly text: string;
}

const AREA = 'search';
const CAPACITY = 200_000;
/** How many are looked at before others have their turn. */
const SLICE = 10_000;
/** Searches that wait for their turn; more are refused. */
const MAX_WAITING = 64;

/**
 * Finds users by name, ID or number (spec §9.9): people and bots who have a visa. Their texts are read into memory at the
 * first search and follow what is saved; one search runs at a time, in slices, so that messages are not held up.
 */
export class UserIndex {
  readonly #options: UserIndexOptions;
  readonly #capacity: number;
  readonly #listening: Handle;
  /** Undefined as long as nobody has searched. */
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
   * @param words - all of them have to occur; case does not matter
   * @param start - how many that would be found are left out
   * @param limit - most that are returned
   * @returns undefined for words that nobody searches with: none, too many, too long, or single characters only
   * @throws `policy/rate-limited` while too many others search; `store/` codes
   */
  async search(
    words: readonly string[],
    start: number,
    limit: number,
  ): Promise<readonly ID[] | undefined> {
    const test = searchTest(words);
    if (test === undefined) return undefined;
    if (this.#waiting >= MAX_WAITING) {
      throw new ProtocolError('policy/rate-limited', 'too many search at once', {
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

  /** A user is not to be found any more. */
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

  /** Resolves when what was saved until now can be found after a restart, too. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  /** Stops listening to what is saved. */
  close(): void {
    this.#listening.close();
  }

  async #scan(
    test: (text: string) => boolean,
    start: number,
    limit: number,
  ): Promise<readonly ID[]> {
    const entries = await this.#loaded();
    // A set: who is saved meanwhile moves to the end, and is met again.
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
        // The next visa of the same user, which comes with his next login, makes up for it.
        const code = isProtocolError(error) ? error.code : 'unknown';
        logger.warn('search index not written', { code });
      });
    // What is being loaded may be older: whoever waits for it puts this one in afterwards.
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

  /** The newest come last; where there is no room, the oldest goes. */
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

/** Stations and things are no company. */
function isSearched(id: ID): boolean {
  if (!id.isUser || id.isBroadcast) return false;
  return id.type === EntityType.User || id.type === EntityType.Bot;
}

function decode(record: JsonObject): Entry | undefined {
  const id = ownMember(record, 'id');
  const text = ownMember(record, 'text');
  return typeof id === 'string' && typeof text === 'string' ? { id, text } : undefined;
}
