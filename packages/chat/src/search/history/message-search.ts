import { definedOnly, LruMap } from '@dimp/foundation';
import type { HistoryAccess, MessageSearch } from '../../conversations/plugins.ts';
import type { MessageRecord } from '../../history/message-record.ts';
import type { SearchOptions } from '../../model/chats.ts';
import type { SearchHit } from '../../model/conversation.ts';
import { type IndexHit, type IndexQuery, SearchIndex } from '../search-index.ts';
import { type Asked, fits, readQuery } from './asked.ts';
import { Indexer, indexStore } from './indexer.ts';
import { ProgressReport } from './progress.ts';
import { rangesOf } from './ranges.ts';
import { filterTermsOf, isSearchable, kindTerm, searchableText, senderTerm } from './searchable.ts';
import { unindexedMessages } from './unindexed.ts';

/** Hits by default. */
const LIMIT = 50;
/** Messages that are read at the same time. */
const AT_ONCE = 8;
/** Conversations whose records are kept during a search. */
const MAX_CHATS = 256;

/** Options for {@link messageSearch}. */
export interface MessageSearchOptions {
  /** Called between slices of long work; lets other work run. The platform's timers by default. */
  readonly pause?: () => Promise<void>;
  /** Messages that become a part of the index at once; 1,024 by default. */
  readonly bufferSize?: number;
}

/**
 * Full-text search for `Chats`, over an index in the store of its messages.
 *
 * @example
 * ```ts
 * const chats = new Chats({ facebook, search: messageSearch() });
 * for await (const { message } of chats.search('dinner "at eight"')) show(message);
 * ```
 */
export function messageSearch(
  options: MessageSearchOptions = {},
): (access: HistoryAccess) => MessageSearch {
  return (access) => new HistorySearch(access, options);
}

/** A search with its filters. */
interface Search {
  readonly asked: Asked;
  readonly query: IndexQuery;
  readonly chats: LruMap<string, Promise<number>>;
}

/** A message that was found, with the entity of its conversation. */
interface Found {
  readonly id: string;
  readonly record: MessageRecord;
}

class HistorySearch implements MessageSearch {
  readonly progress: ProgressReport['live'];
  readonly #access: HistoryAccess;
  readonly #report: ProgressReport;
  readonly #indexer: Indexer;
  /** Of a program that does not lead. */
  #reader: Promise<SearchIndex> | undefined;

  constructor(access: HistoryAccess, options: MessageSearchOptions) {
    this.#access = access;
    this.#indexer = new Indexer({ ...options, access, changed: () => this.#report.changed() });
    this.#report = new ProgressReport(
      () => this.#indexer.progress(),
      (error) => access.background(() => Promise.reject(error)),
    );
    this.progress = this.#report.live;
  }

  start(): void {
    this.#indexer.wake();
  }

  async stop(): Promise<void> {
    await this.#indexer.stop();
    await this.progress.close();
  }

  async *search(text: string, options: SearchOptions = {}): AsyncGenerator<SearchHit> {
    const search = this.#read(text, options);
    let left = options.limit ?? LIMIT;
    if (search === undefined || left <= 0) return;
    for await (const { id, record } of this.#found(search)) {
      const [message] = await this.#access.view(id, [record]);
      if (message === undefined) continue;
      yield { conversation: id, message, ranges: rangesOf(message.text, search.asked) };
      left -= 1;
      if (left === 0) return;
    }
  }

  /** @returns undefined for a search that asks for nothing */
  #read(
    text: string,
    { in: where, from, kinds, after, before }: SearchOptions,
  ): Search | undefined {
    const { parseID } = this.#access.facebook.protocol;
    const asked = readQuery(text);
    const anyOf = [
      ...(kinds === undefined ? [] : [kinds.map(kindTerm)]),
      ...(from === undefined ? [] : [from.map((id) => senderTerm(parseID(id).entity))]),
    ];
    const hasWords = asked.terms.length > 0 || asked.prefix !== undefined;
    if (!hasWords && anyOf.length === 0 && where === undefined) return undefined;
    // A query of punctuation only finds nothing, rather than everything that the filters allow.
    if (!hasWords && text.trim() !== '') return undefined;
    const { terms, prefix } = asked;
    const query = {
      terms,
      anyOf,
      ...definedOnly({
        prefix,
        conversation: where === undefined ? undefined : parseID(where).entity,
        from: after,
        to: before,
      }),
    };
    return { asked, query, chats: new LruMap(MAX_CHATS) };
  }

  /** Messages that fit, the newest first: those of the index, and those that it does not have yet. */
  async *#found(search: Search): AsyncGenerator<Found> {
    const index = await this.#index();
    const rest = await this.#restOf(search);
    const known = new Set(rest.map(({ record }) => record.ref));
    let next = 0;
    for await (const found of this.#indexed(index, search)) {
      if (known.has(found.record.ref)) continue;
      for (; isBefore(rest[next], found); next++) yield rest[next] as Found;
      yield found;
    }
    yield* rest.slice(next);
  }

  /** The hits of the index whose messages still fit. */
  async *#indexed(index: SearchIndex | undefined, search: Search): AsyncGenerator<Found> {
    if (index === undefined) return;
    let group: IndexHit[] = [];
    for await (const hit of index.search(search.query)) {
      if (group.push(hit) < AT_ONCE) continue;
      yield* await this.#check(group, search);
      group = [];
    }
    yield* await this.#check(group, search);
  }

  async #check(hits: readonly IndexHit[], search: Search): Promise<readonly Found[]> {
    const found = await Promise.all(
      hits.map(async ({ conversation: id, ref, stamp }) => {
        const record = await this.#access.history.message(id, ref);
        if (record === undefined || record.stamp !== stamp) return undefined;
        return (await this.#fits({ id, record }, search)) ? { id, record } : undefined;
      }),
    );
    return found.filter((each) => each !== undefined);
  }

  /** An index that is behind never shows what is deleted, or was changed. */
  async #fits({ id, record }: Found, { asked, query, chats }: Search): Promise<boolean> {
    const { conversation = id, from = 0, to = Number.POSITIVE_INFINITY, anyOf = [] } = query;
    if (conversation !== id || record.stamp < from || record.stamp > to) return false;
    if (!isSearchable(record) || !fits(searchableText(record), asked)) return false;
    const terms = filterTermsOf(record);
    if (!anyOf.every((set) => set.some((term) => terms.includes(term)))) return false;
    const cleared = chats.get(id) ?? this.#clearedUpTo(id);
    chats.set(id, cleared);
    return record.stamp > (await cleared);
  }

  /** Messages up to this stamp were removed, and a job deletes them. */
  async #clearedUpTo(id: string): Promise<number> {
    return (await this.#access.history.chat(id))?.cleared ?? -1;
  }

  async #restOf(search: Search): Promise<readonly Found[]> {
    if (this.#access.leads() && this.#indexer.isComplete) return [];
    const found: Found[] = [];
    const source = { access: this.#access, indexer: this.#indexer, query: search.query };
    for await (const each of unindexedMessages(source)) {
      if (await this.#fits(each, search)) found.push(each);
    }
    const once = new Map(found.map((each) => [`${each.id} ${each.record.ref}`, each]));
    return [...once.values()].sort((a, b) => (isBefore(a, b) ? -1 : 1));
  }

  async #index(): Promise<SearchIndex | undefined> {
    if (this.#access.leads() && this.#indexer.index !== undefined) return this.#indexer.index;
    this.#reader ??= SearchIndex.open(indexStore(this.#access), { readOnly: true });
    return this.#reader.catch(() => {
      this.#reader = undefined;
      return undefined;
    });
  }
}

/** Whether a message is shown before another one: it is newer. */
function isBefore(a: Found | undefined, b: Found): boolean {
  if (a === undefined || a.record.stamp < b.record.stamp) return false;
  return a.record.stamp > b.record.stamp || a.record.ref > b.record.ref;
}
