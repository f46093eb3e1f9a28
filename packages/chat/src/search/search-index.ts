import { type Store, type StoreChange, subStoreOrigin, withLock } from '@dimp/core';
import { isRef } from '@dimp/extensions/chat';
import { isProtocolError, ProtocolError, randomBytes } from '@dimp/foundation';
import { IndexBuffer } from './buffer.ts';
import { cachedBlocks } from './cached-blocks.ts';
import { ConversationNumbers } from './conversations.ts';
import type { IndexedDocument } from './documents.ts';
import { DeletionMarks } from './marks.ts';
import { matchesIn } from './matches.ts';
import { mergeSegments } from './merge.ts';
import { type MatchSource, newestFirst } from './newest-first.ts';
import { chooseSegments } from './policy.ts';
import type { TermQuery } from './query.ts';
import { removeUnfinished, Segment, SegmentWriter } from './segment.ts';
import { Slices } from './slices.ts';
import { clearIndex, readState, type StoredState, writeState } from './state.ts';

/** Messages that are held in memory before they become a segment. */
const BUFFER = 1024;
/** Blocks of at most 32 KiB in the cache. */
const CACHED_BLOCKS = 128;

/** Blocks that a merge keeps of each segment: it goes through the segment once, but many terms share a block. */
const BLOCKS_IN_MERGE = 8;

/** A message as the index takes it. */
export interface IndexedMessage {
  /** Name of the conversation. */
  readonly conversation: string;
  /** Name of the message; see `refOf`. */
  readonly ref: string;
  /** Place in the order of messages, a whole number of milliseconds since the epoch. */
  readonly stamp: number;
  /** Terms of its text, and others such as `k:image`. */
  readonly terms: Iterable<string>;
}

/** What a search asks for. */
export interface IndexQuery extends TermQuery {
  /** Name of a conversation. */
  readonly conversation?: string;
  /** Least stamp. */
  readonly from?: number;
  /** Greatest stamp. */
  readonly to?: number;
}

/** A message that has all terms of a query. */
export type IndexHit = Pick<IndexedMessage, 'conversation' | 'ref' | 'stamp'>;

/** How an index works. */
export interface SearchIndexOptions {
  /** Called between slices of long work; lets other work run. */
  readonly pause?: () => Promise<void>;
  /** Messages that become a segment; 1,024 by default. */
  readonly bufferSize?: number;
  /** Only searches what another program writes. */
  readonly readOnly?: boolean;
}

/** How messages are deleted. */
export interface DeleteOptions {
  /** If their words must leave the index within a day: the time in milliseconds since the epoch. */
  readonly purgeFrom?: number;
}

/**
 * Full-text index of one user's messages, in immutable segments inside a store. The store may be encrypted: the index needs
 * nothing but the records.
 *
 * Messages that are not flushed yet are in memory only. `position` says what has been flushed, so that the caller knows which
 * messages to add again after a crash. One program writes at a time; another one that writes makes it fail with `store/conflict`.
 */
export class SearchIndex {
  readonly #store: Store;
  readonly #blocks: Pick<Store, 'get'>;
  readonly #slices: Slices;
  readonly #bufferSize: number;
  readonly #readOnly: boolean;
  #state: StoredState;
  #segments: readonly Segment[] = [];
  #marks = new DeletionMarks();
  #conversations = new ConversationNumbers();
  /** Takes new messages. */
  #buffer = new IndexBuffer();
  /** Are being written. */
  #flushing: readonly IndexBuffer[] = [];
  readonly #damaged = new Set<string>();

  private constructor(store: Store, options: SearchIndexOptions, state: StoredState) {
    this.#store = store;
    this.#blocks = cachedBlocks(store, CACHED_BLOCKS);
    this.#slices = new Slices(options.pause);
    this.#bufferSize = options.bufferSize ?? BUFFER;
    this.#readOnly = options.readOnly ?? false;
    this.#state = state;
  }

  /**
   * Opens the index of a store, or begins one. An index that was made by other rules, or that is damaged, is emptied: then
   * `position` is empty, and the caller adds all messages again.
   */
  static async open(store: Store, options: SearchIndexOptions = {}): Promise<SearchIndex> {
    const index = new SearchIndex(store, options, { position: '', generation: 0 });
    if (options.readOnly) {
      await index.#refresh();
      return index;
    }
    try {
      const state = await readState(store);
      if (state !== undefined) {
        await removeUnfinished(store);
        await index.#load(state);
        return index;
      }
    } catch (error) {
      if (!isProtocolError(error, 'store/corrupt')) throw error;
    }
    await clearIndex(store);
    return index;
  }

  /** What the caller passed to the last {@link SearchIndex.flush}; empty for a new index. */
  get position(): string {
    return this.#state.position;
  }

  /** How many messages wait in memory. */
  get waiting(): number {
    return this.#buffer.size + this.#flushing.reduce((sum, { size }) => sum + size, 0);
  }

  /** Whether the caller should flush before it adds more. */
  get full(): boolean {
    return this.#buffer.size >= this.#bufferSize;
  }

  /** How many messages are in the index. */
  get size(): number {
    const { segments } = this.#usable;
    const stored = segments.map(({ head: { id, count } }) => count - this.#marks.count(id));
    const inMemory = [this.#buffer, ...this.#flushing].map(({ left }) => left);
    return [...stored, ...inMemory].reduce((sum, count) => sum + count, 0);
  }

  /** Segments that could not be read. They are skipped until {@link SearchIndex.dropDamaged}. */
  get damaged(): boolean {
    return this.#damaged.size > 0;
  }

  /** Adds a message. Delete it first if it may be in the index. */
  add({ conversation, ref, stamp, terms }: IndexedMessage): void {
    if (!isRef(ref)) throw new TypeError('ref must be 22 characters of Base64url');
    const number = this.#conversations.numberOf(conversation);
    this.#buffer.add({ stamp, conversation: number, ref }, [...terms, conversationTerm(number)]);
  }

  /** Takes messages out of all results, at once. Their terms are removed by a later merge. */
  async delete(
    messages: readonly Pick<IndexedMessage, 'ref' | 'stamp'>[],
    { purgeFrom }: DeleteOptions = {},
  ): Promise<void> {
    if (messages.length === 0) return;
    await this.#exclusively(async () => {
      const changes: StoreChange[] = [];
      for (const message of messages) {
        for (const buffer of [this.#buffer, ...this.#flushing]) buffer.delete(message);
        for (const { head, number } of await this.#find(message)) {
          changes.push(this.#marks.add(head.id, number, purgeFrom));
        }
      }
      if (changes.length > 0) await this.#write(changes);
    });
  }

  /**
   * Makes a segment of the messages in memory.
   *
   * @param position - how far the caller has come; stored in the same batch
   * @param more - changes of the caller for the same batch; their paths are those of the whole store
   */
  async flush(position: string, more: readonly StoreChange[] = []): Promise<void> {
    await this.#exclusively(async () => {
      this.#flushing = [...this.#flushing, this.#buffer];
      this.#buffer = new IndexBuffer();
      const changes: StoreChange[] = [];
      const added: Segment[] = [];
      for (const buffer of this.#flushing) {
        const { documents, terms } = await buffer.sorted(this.#slices);
        if (documents.length === 0) continue;
        const writer = new SegmentWriter(crypto.randomUUID());
        for (const document of documents) writer.addDocument(document);
        for (const term of terms) {
          await writer.addTerm(term, this.#slices);
          await this.#slices.check();
        }
        const written = writer.finish();
        changes.push(...written.changes);
        added.push(new Segment(this.#blocks, written.head));
      }
      const names = this.#conversations.changes();
      await this.#write([...changes, ...names], { position, more });
      this.#conversations.written(names.length);
      this.#segments = [...this.#segments, ...added];
      this.#flushing = [];
    });
  }

  /**
   * Merges segments of which there are too many, and those with words that must go. Call it after a flush; each call does one
   * merge.
   *
   * @param now - milliseconds since the epoch
   * @returns whether there is more to do
   */
  async merge(now: number): Promise<boolean> {
    return this.#exclusively(async () => {
      const { segments } = this.#usable;
      const chosen = chooseSegments(segments, this.#marks, now);
      if (chosen.length === 0) return false;
      const { head, changes } = await mergeSegments(
        this.#store,
        chosen.map(({ head }) => new Segment(cachedBlocks(this.#store, BLOCKS_IN_MERGE), head)),
        {
          id: crypto.randomUUID(),
          deleted: (segment, number) => this.#marks.has(segment, number),
          slices: this.#slices,
        },
      );
      await this.#write([...changes, ...this.#dropMarks(chosen)]);
      const merged = head === undefined ? [] : [new Segment(this.#blocks, head)];
      const others = this.#segments.filter((segment) => !chosen.includes(segment));
      this.#segments = [...others, ...merged];
      return true;
    });
  }

  /**
   * Removes the segments that could not be read.
   *
   * @returns the messages that were in them and have to be added again; undefined if they are not known, and the index must be
   *   made again
   */
  async dropDamaged(): Promise<readonly IndexHit[] | undefined> {
    return this.#exclusively(async () => {
      const damaged = this.#segments.filter(({ head }) => this.#damaged.has(head.id));
      const lost: IndexHit[] = [];
      try {
        for (const segment of damaged) {
          for (const block of segment.head.firstStamps.keys()) {
            for (const document of await segment.documents(block)) lost.push(this.#hit(document));
          }
        }
      } catch (error) {
        if (isProtocolError(error, 'store/corrupt')) return undefined;
        throw error;
      }
      const removal = damaged.flatMap((segment) => segment.removal());
      await this.#write([...removal, ...this.#dropMarks(damaged)]);
      this.#segments = this.#segments.filter((segment) => !damaged.includes(segment));
      this.#damaged.clear();
      return lost;
    });
  }

  /** Messages that have all terms, the newest first. A query without any term finds nothing. */
  async *search(query: IndexQuery): AsyncGenerator<IndexHit> {
    if (this.#readOnly) await this.#refresh();
    const { conversation, from = 0, to = Number.MAX_SAFE_INTEGER, ...asked } = query;
    const number = conversation === undefined ? undefined : this.#conversations.find(conversation);
    if (conversation !== undefined && number === undefined) return;
    const terms = number === undefined ? asked.terms : [...asked.terms, conversationTerm(number)];
    if (terms.length === 0 && asked.prefix === undefined && (asked.anyOf ?? []).length === 0)
      return;
    // After a merge the search begins again where it was. Stamps may be equal, so it knows which messages of the last it had.
    let edge = to;
    let atEdge = new Set<string>();
    for (let isDone = false; !isDone; ) {
      const { segments, sources } = this.#sources({ ...asked, terms }, edge);
      try {
        for await (const document of newestFirst(sources)) {
          if (document.stamp < from) return;
          if (document.stamp === edge && atEdge.has(document.ref)) continue;
          if (document.stamp !== edge) atEdge = new Set();
          edge = document.stamp;
          atEdge.add(document.ref);
          yield this.#hit(document);
        }
        isDone = true;
      } catch (error) {
        if (!(error instanceof UnreadableSegment)) throw error;
        await this.#settle(error, segments);
      }
    }
  }

  #sources(query: TermQuery, most: number) {
    const { segments } = this.#usable;
    const marks = this.#marks;
    const buffers = [this.#buffer, ...this.#flushing];
    const inMemory = buffers.map(
      (buffer): MatchSource => ({
        newest: most,
        async *matches() {
          for (const document of await buffer.matches(query)) {
            if (document.stamp <= most) yield document;
          }
        },
      }),
    );
    const stored = segments.map(
      (segment): MatchSource => ({
        newest: Math.min(segment.head.newest, most),
        async *matches() {
          const deleted = (number: number): boolean => marks.has(segment.head.id, number);
          try {
            yield* matchesIn(segment, query, { most, deleted });
          } catch (error) {
            throw isProtocolError(error, 'store/corrupt') ? new UnreadableSegment(segment) : error;
          }
        },
      }),
    );
    return { segments, sources: [...inMemory, ...stored] };
  }

  /** A segment was merged meanwhile, by this program or another one; else it is damaged and left out. */
  async #settle({ segment }: UnreadableSegment, asked: readonly Segment[]): Promise<void> {
    if (this.#readOnly && (await this.#refresh())) return;
    const isCurrent = this.#segments.some(({ head }) => head.id === segment.head.id);
    if (isCurrent && asked.includes(segment)) this.#damaged.add(segment.head.id);
  }

  get #usable(): { readonly segments: readonly Segment[] } {
    const segments = this.#segments.filter(({ head }) => !this.#damaged.has(head.id));
    return { segments };
  }

  async #find(message: Pick<IndexedDocument, 'ref' | 'stamp'>) {
    const found: { readonly head: Segment['head']; readonly number: number }[] = [];
    for (const segment of this.#usable.segments) {
      const number = await segment.numberOf(message);
      if (number === undefined || this.#marks.has(segment.head.id, number)) continue;
      found.push({ head: segment.head, number });
    }
    return found;
  }

  #dropMarks(segments: readonly Segment[]): readonly StoreChange[] {
    return segments.flatMap(({ head }) => this.#marks.drop(head.id));
  }

  #hit({ conversation, ref, stamp }: IndexedDocument): IndexHit {
    return { conversation: this.#conversations.nameOf(conversation) ?? '', ref, stamp };
  }

  #exclusively<T>(task: () => Promise<T>): Promise<T> {
    return withLock(this.#store, 'search index', task);
  }

  async #write(
    changes: readonly StoreChange[],
    {
      position = this.#state.position,
      more = [],
    }: { readonly position?: string; readonly more?: readonly StoreChange[] } = {},
  ): Promise<void> {
    const stored = await readState(this.#store);
    if ((stored?.generation ?? 0) !== this.#state.generation) {
      throw new ProtocolError('store/conflict', 'another program writes the search index');
    }
    const generation = stored === undefined ? firstGeneration() : stored.generation + 1;
    const state = { position, generation };
    const own = [...changes, writeState(state)];
    const { store, prefix } = subStoreOrigin(this.#store) ?? { store: this.#store, prefix: [] };
    await store.batch([
      ...own.map((each) => ({ ...each, key: [...prefix, ...each.key] })),
      ...more,
    ]);
    this.#state = state;
  }

  /** Reads what another program has written. @returns whether there was anything new */
  async #refresh(): Promise<boolean> {
    const state = await readState(this.#store);
    if (state === undefined || state.generation === this.#state.generation) return false;
    await this.#load(state);
    return true;
  }

  async #load(state: StoredState): Promise<void> {
    const segments = await Segment.all(this.#store);
    this.#segments = segments.map(({ head }) => new Segment(this.#blocks, head));
    this.#marks = await DeletionMarks.load(this.#store);
    this.#conversations = await ConversationNumbers.load(this.#store);
    this.#state = state;
    this.#damaged.clear();
  }
}

/** A segment cannot be read: it is damaged, or it is no longer there. */
class UnreadableSegment extends Error {
  readonly segment: Segment;

  constructor(segment: Segment) {
    super('a segment cannot be read');
    this.segment = segment;
  }
}

/** Random, so that a new index is not taken for the one that it replaces. */
function firstGeneration(): number {
  return 1 + randomBytes(4).reduce((sum, byte) => sum * 256 + byte, 0);
}

function conversationTerm(number: number): string {
  return `c:${number}`;
}
