import { type Store, type StoreChange, withLock } from '@dimp/core';
import { isProtocolError } from '@dimp/foundation';
import { ByteReader, ByteWriter } from './bytes.ts';
import { arrayCursor, type Cursor, intersection, postingCursor, unionCursor } from './cursor.ts';
import { DeletionMarks, indexInPlaces, readPlaces, writePlaces } from './documents.ts';
import { mergeSegments } from './merge.ts';
import { Segment, type SegmentHead, SegmentWriter, strayBlocks } from './segment.ts';
import { TOKEN_RULES } from './tokens.ts';

/** Messages that are held in memory before they become a segment. */
const BUFFER = 4096;
/** Segments of about one size that become one. */
const FAN_IN = 8;
/** Most messages of a segment. */
const MAX_SEGMENT = 262_144;
/** Most terms that a prefix stands for, in one segment. */
const MAX_EXPANSIONS = 256;
/** Most changes of one batch while an index is cleared. */
const CLEAR_BATCH = 1024;

/** A message as the index takes it. */
export interface IndexedMessage {
  /** Where the message is stored; what a search returns. */
  readonly place: string;
  /** Terms of its text, and others such as `k:image`. */
  readonly terms: Iterable<string>;
}

/** What a search asks for. */
export interface IndexQuery {
  /** Terms that a message must have, all of them. */
  readonly terms: readonly string[];
  /** The beginning of one more term. */
  readonly prefix?: string;
}

/** A message that has all terms of a query. */
export interface IndexHit {
  readonly number: number;
  readonly place: string;
}

/** How an index works. */
export interface SearchIndexOptions {
  /** Called between slices of long work; lets other work run. */
  readonly pause?: () => Promise<void>;
  /** Messages that become a segment; 4,096 by default. */
  readonly bufferSize?: number;
}

/**
 * Full-text index of one user's messages, in immutable segments inside a store. The store may be encrypted: the index needs
 * nothing but the records.
 *
 * Messages that are not flushed yet are in memory only. `position` says what has been flushed, so that the caller knows which
 * messages to add again after a crash.
 */
export class SearchIndex {
  readonly #store: Store;
  readonly #options: Required<SearchIndexOptions>;
  #segments: readonly Segment[];
  readonly #deleted: DeletionMarks;
  /** Number of the first message in memory. */
  #from: number;
  #position: string;
  #places: string[] = [];
  readonly #buffer = new Map<string, number[]>();

  private constructor(
    store: Store,
    options: SearchIndexOptions,
    loaded: {
      readonly segments: readonly Segment[];
      readonly deleted: DeletionMarks;
      readonly position: string;
    },
  ) {
    this.#store = store;
    this.#options = { pause: () => Promise.resolve(), bufferSize: BUFFER, ...options };
    this.#segments = loaded.segments;
    this.#deleted = loaded.deleted;
    this.#position = loaded.position;
    this.#from = loaded.segments.at(-1)?.head.to ?? 0;
  }

  /**
   * Opens the index of a store, or begins one. An index that was made by other rules, or that is damaged, is emptied: then
   * `position` is empty, and the caller adds all messages again.
   */
  static async open(store: Store, options: SearchIndexOptions = {}): Promise<SearchIndex> {
    try {
      const position = await readState(store);
      if (position !== undefined) {
        const segments = await Segment.all(store);
        await store.batch(await strayBlocks(store, segments));
        const deleted = await DeletionMarks.load(store);
        return new SearchIndex(store, options, { segments, deleted, position });
      }
    } catch (error) {
      if (!isProtocolError(error) || error.code !== 'store/corrupt') throw error;
    }
    await clear(store);
    const deleted = await DeletionMarks.load(store);
    return new SearchIndex(store, options, { segments: [], deleted, position: '' });
  }

  /** What the caller passed to the last {@link SearchIndex.flush}; empty for a new index. */
  get position(): string {
    return this.#position;
  }

  /** How many messages wait in memory. */
  get waiting(): number {
    return this.#places.length;
  }

  /** Whether the caller should flush before it adds more. */
  get full(): boolean {
    return this.#places.length >= this.#options.bufferSize;
  }

  /** Adds a message. @returns its number, by which it is deleted */
  add({ place, terms }: IndexedMessage): number {
    const number = this.#from + this.#places.length;
    this.#places.push(place);
    for (const term of new Set(terms)) {
      const numbers = this.#buffer.get(term);
      if (numbers === undefined) this.#buffer.set(term, [number]);
      else numbers.push(number);
    }
    return number;
  }

  /** Takes a message out of all results, at once. Its terms are removed by the next merge of its segment. */
  async delete(number: number): Promise<void> {
    await this.#deleted.add(number);
  }

  /**
   * Makes a segment of the messages in memory, and merges segments of which there are too many.
   *
   * @param position - how far the caller has come; stored in the same batch
   * @param more - changes of the caller for the same batch
   */
  async flush(position: string, more: readonly StoreChange[] = []): Promise<void> {
    await withLock(this.#store, 'search index', async () => {
      await this.#flushBuffer(position, more);
      await this.#mergeAll();
    });
  }

  /** Messages that have all terms, from the newest number to the oldest. */
  async *search(query: IndexQuery): AsyncGenerator<IndexHit> {
    if (query.terms.length === 0 && query.prefix === undefined) return;
    const places = new Map<number, readonly string[]>();
    for await (const number of this.#numbers(query)) {
      if (this.#deleted.has(number)) continue;
      if (number >= this.#from) {
        yield { number, place: this.#places[number - this.#from] as string };
        continue;
      }
      const block = number - indexInPlaces(number);
      const inBlock = places.get(block) ?? (await readPlaces(this.#store, number));
      // Numbers only descend, so that one block is needed at a time.
      places.clear();
      places.set(block, inBlock);
      const place = inBlock[indexInPlaces(number)];
      if (place !== undefined) yield { number, place };
    }
  }

  async *#numbers(query: IndexQuery): AsyncGenerator<number> {
    let below = this.#from;
    yield* intersection(this.#cursorsInMemory(query), Number.MAX_SAFE_INTEGER);
    for (let segment = this.#newestBelow(below); segment !== undefined; ) {
      try {
        const cursors = await cursorsOf(segment, query);
        for await (const number of intersection(cursors, Math.min(below, segment.head.to) - 1)) {
          yield number;
          below = number;
        }
        below = Math.min(below, segment.head.from);
      } catch (error) {
        // The segment was merged meanwhile: its successor has the rest of its messages.
        if (this.#segments.includes(segment)) throw error;
      }
      segment = this.#newestBelow(below);
    }
  }

  #newestBelow(number: number): Segment | undefined {
    return this.#segments.filter(({ head }) => head.from < number).at(-1);
  }

  #cursorsInMemory({ terms, prefix }: IndexQuery): Cursor[] {
    const cursors = terms.map((term) => arrayCursor(this.#buffer.get(term) ?? []));
    if (prefix === undefined) return cursors;
    const expanded = [...this.#buffer].filter(([term]) => term.startsWith(prefix));
    return [...cursors, unionCursor(expanded.map(([, numbers]) => arrayCursor(numbers)))];
  }

  async #flushBuffer(position: string, more: readonly StoreChange[]): Promise<void> {
    // The block of places that the last flush has begun is written again, with what is in it.
    const inBlock = indexInPlaces(this.#from);
    const begun = inBlock === 0 ? [] : await readPlaces(this.#store, this.#from);
    const count = this.#places.length;
    const to = this.#from + count;
    const written: StoreChange[] = [...more, writeState(position)];
    let flushed: Segment | undefined;
    if (count > 0) {
      const writer = new SegmentWriter({ id: segmentId(), from: this.#from, to });
      for (const [term, numbers] of [...this.#buffer].sort(byTerm)) writer.add([term, numbers]);
      const { changes, head } = writer.finish();
      written.push(...changes, ...writePlaces(this.#from - inBlock, [...begun, ...this.#places]));
      flushed = new Segment(this.#store, head);
    }
    await this.#store.batch(written);
    if (flushed !== undefined) this.#segments = [...this.#segments, flushed];
    this.#position = position;
    this.#from = to;
    // Messages that were added meanwhile stay in memory.
    this.#places = this.#places.slice(count);
    for (const [term, numbers] of this.#buffer) {
      const later = numbers.filter((number) => number >= to);
      if (later.length > 0) this.#buffer.set(term, later);
      else this.#buffer.delete(term);
    }
  }

  async #mergeAll(): Promise<void> {
    for (let old = mergeable(this.#segments); old.length > 0; old = mergeable(this.#segments)) {
      const merged = await mergeSegments(this.#store, old, {
        id: segmentId(),
        deleted: (number) => this.#deleted.has(number),
        pause: this.#options.pause,
      });
      this.#segments = [...this.#segments.slice(0, -old.length), merged];
    }
  }
}

/**
 * The newest segments that are to become one: those up to a size class of which there are eight. A class holds eight times the
 * messages of the one below, so a message is merged a few times only, however small the flushes are.
 */
function mergeable(segments: readonly Segment[]): readonly Segment[] {
  for (let size = 0; size <= sizeClass(MAX_SEGMENT); size++) {
    let start = segments.length;
    while (start > 0 && sizeOf(segments[start - 1]) <= size) start -= 1;
    const newest = segments.slice(start);
    const equal = newest.filter((segment) => sizeOf(segment) === size);
    const messages = newest.reduce((sum, { head }) => sum + messagesOf(head), 0);
    if (equal.length >= FAN_IN && messages <= MAX_SEGMENT) return newest;
  }
  return [];
}

function messagesOf({ from, to }: SegmentHead): number {
  return to - from;
}

function sizeOf(segment: Segment | undefined): number {
  return segment === undefined ? 0 : sizeClass(messagesOf(segment.head));
}

function sizeClass(messages: number): number {
  return Math.floor(Math.log2(messages) / Math.log2(FAN_IN));
}

/** The cursors of a query in a segment. */
async function cursorsOf(segment: Segment, { terms, prefix }: IndexQuery): Promise<Cursor[]> {
  const cursors: Cursor[] = [];
  for (const term of terms) {
    const place = await segment.find(term);
    if (place === undefined) return [NOTHING];
    cursors.push(postingCursor(segment, place));
  }
  if (prefix === undefined) return cursors;
  const expanded: Cursor[] = [];
  for await (const { place } of segment.withPrefix(prefix)) {
    expanded.push(postingCursor(segment, place));
    if (expanded.length === MAX_EXPANSIONS) break;
  }
  return [...cursors, unionCursor(expanded)];
}

/** The cursor of a term that no message has. */
const NOTHING: Cursor = arrayCursor([]);

/** The state of an index is written last of all and says that there is one. */
const STATE = ['i'] as const;

function writeState(position: string): StoreChange {
  const value = new ByteWriter().varint(TOKEN_RULES).text(position).finish();
  return { type: 'set', key: STATE, value };
}

/** @returns undefined if there is no index, or one of other rules */
async function readState(store: Store): Promise<string | undefined> {
  const bytes = await store.get(STATE);
  if (bytes === undefined) return undefined;
  const reader = new ByteReader(bytes);
  return reader.varint() === TOKEN_RULES ? reader.text() : undefined;
}

async function clear(store: Store): Promise<void> {
  let changes: StoreChange[] = [];
  for await (const [key] of store.list([])) {
    changes.push({ type: 'delete', key });
    if (changes.length < CLEAR_BATCH) continue;
    await store.batch(changes);
    changes = [];
  }
  await store.batch(changes);
}

function byTerm([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

function segmentId(): string {
  return crypto.randomUUID();
}
