import { type Store, subStore, withLock } from '@dimp/core';
import { disposeSymbol, isProtocolError } from '@dimp/foundation';
import type { HistoryAccess } from '../../conversations/plugins.ts';
import { type LogEntry, logLock } from '../../history/log.ts';
import type { MessageRecord } from '../../history/message-record.ts';
import { orderKey } from '../../history/order.ts';
import { SearchIndex, type SearchIndexOptions } from '../search-index.ts';
import { Slices } from '../slices.ts';
import { clearIndex } from '../state.ts';
import { type BuildPosition, readBuildPosition, writeBuildPosition } from './build-position.ts';
import { LogQueue } from './log-queue.ts';
import type { SearchProgress } from './progress.ts';
import { isSearchable, toIndexed } from './searchable.ts';

/** How long messages wait in memory before they are written, in milliseconds. */
const FLUSH_MS = 10_000;
/** Pause after a failure, in milliseconds. */
const RETRY_MS = 5000;
/** Entries of the log that are read at the same time. */
const AT_ONCE = 256;
/** How often merges are considered when nothing happens, in milliseconds: words of deleted messages have to go within a day. */
const IDLE_MS = 3_600_000;
/** Pause between two steps of a long job, in milliseconds. */
const STEP_MS = 0;

/** Options for {@link Indexer}. */
export interface IndexerOptions extends Pick<SearchIndexOptions, 'bufferSize' | 'pause'> {
  readonly access: HistoryAccess;
  readonly changed: () => void;
}

/**
 * Keeps the search index up to date: first the whole history, conversation by conversation, then what the log of messages says.
 * A step writes what it has done in one batch with its position, so that an interruption repeats and loses nothing.
 */
export class Indexer {
  readonly #options: IndexerOptions;
  readonly #queue: LogQueue;
  readonly #slices: Slices;
  #index: SearchIndex | undefined;
  #position: BuildPosition = { done: false, id: '', key: '' };
  /** Entries of the log whose messages are in memory. */
  #taken: string[] = [];
  #flushAt: number | undefined;
  #timer: Disposable | undefined;
  #running: Promise<void> | undefined;
  #again = false;
  #isBehind = false;
  #stopped = false;

  constructor(options: IndexerOptions) {
    this.#options = options;
    this.#slices = new Slices(options.pause);
    this.#queue = new LogQueue(
      options.access.history,
      () => this.#soon(STEP_MS),
      options.access.leads,
    );
  }

  /** The index, when it is open. */
  get index(): SearchIndex | undefined {
    return this.#index;
  }

  /** Where the first indexing is. */
  get position(): BuildPosition {
    return this.#position;
  }

  /** Whether all that is in the history is in the index, on disk or in memory. */
  get isComplete(): boolean {
    return this.#index !== undefined && this.#position.done && this.#queue.size === 0;
  }

  /** Goes on, for example because this program leads now. */
  wake(): void {
    // What came while this program did not lead was not collected.
    this.#isBehind = true;
    this.#soon(STEP_MS);
  }

  /** Messages in the index, and those that wait. */
  async progress(): Promise<SearchProgress> {
    const indexed = this.#index?.size ?? 0;
    if (this.#position.done) return { indexed, total: indexed + this.#queue.size };
    let total = 0;
    for await (const [, { count }] of this.#options.access.history.chats()) total += count;
    return { indexed, total: Math.max(indexed, total) };
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#queue.close();
    this.#timer?.[disposeSymbol]();
    await this.#running;
    // A failure leaves entries in the log, so nothing is lost.
    await this.#flush().catch(() => undefined);
  }

  #soon(delayMs: number): void {
    if (this.#stopped) return;
    if (this.#running !== undefined) {
      this.#again = true;
      return;
    }
    this.#timer?.[disposeSymbol]();
    const { timers, background } = this.#options.access;
    this.#timer = timers.after(delayMs, () => background(() => this.#run()));
  }

  async #run(): Promise<void> {
    if (this.#stopped || this.#running !== undefined) return;
    this.#again = false;
    const step = this.#step();
    this.#running = step.then(
      () => undefined,
      () => undefined,
    );
    let next: number | undefined = RETRY_MS;
    try {
      next = await step;
    } catch (error) {
      this.#forget();
      // Another program has taken over, which is no failure.
      if (!isProtocolError(error, 'store/conflict')) throw error;
    } finally {
      this.#running = undefined;
      this.#options.changed();
      if (this.#again) next = STEP_MS;
      if (next !== undefined) this.#soon(next);
    }
  }

  /** Does a part of the work. @returns when there is more to do, in milliseconds from now; undefined for nothing */
  async #step(): Promise<number | undefined> {
    if (!this.#options.access.leads()) return undefined;
    const index = await this.#open();
    if (this.#isBehind) {
      this.#isBehind = false;
      await this.#queue.load();
    }
    if (index.damaged) {
      await this.#repair(index);
      return STEP_MS;
    }
    if (!this.#position.done) await this.#build(index);
    else await this.#takeEntries(index);
    const now = this.#now();
    if (index.full || (this.#flushAt !== undefined && now >= this.#flushAt)) await this.#flush();
    // Between the parts of a long job too, or searches would go through a thousand segments.
    if (await index.merge(now)) return STEP_MS;
    if (this.#queue.size > 0 || !this.#position.done) return STEP_MS;
    return this.#flushAt === undefined ? IDLE_MS : Math.max(0, this.#flushAt - now);
  }

  async #open(): Promise<SearchIndex> {
    if (this.#index !== undefined) return this.#index;
    const { access, changed: _, ...options } = this.#options;
    const index = await SearchIndex.open(indexStore(access), options);
    this.#position = readBuildPosition(index.position);
    await this.#queue.load();
    this.#index = index;
    return index;
  }

  /** Begins again with what is on disk. */
  #forget(): void {
    this.#index = undefined;
    this.#taken = [];
    this.#flushAt = undefined;
  }

  /** Adds messages of the history until there are enough for a segment. None of them can be in the index. */
  async #build(index: SearchIndex): Promise<void> {
    const { history } = this.#options.access;
    for (;;) {
      if (this.#position.done) return;
      const { id, key } = this.#position;
      if (id !== '') {
        for await (const page of history.ascending(id, key === '' ? undefined : key)) {
          for (const message of page) {
            if (orderKey(message) === key) continue;
            if (isSearchable(message)) index.add(toIndexed(id, message));
            this.#position = { done: false, id, key: orderKey(message) };
            await this.#slices.check();
          }
          if (this.#stopped || index.full) return;
        }
      }
      const next = await this.#conversationAfter(id);
      this.#position = next === undefined ? { done: true } : { done: false, id: next, key: '' };
      this.#flushAt ??= this.#now() + FLUSH_MS;
    }
  }

  async #conversationAfter(id: string): Promise<string | undefined> {
    for await (const [next] of this.#options.access.history.chats()) if (next > id) return next;
    return undefined;
  }

  /** Takes what has happened to messages into the index, until there are enough for a segment. */
  async #takeEntries(index: SearchIndex): Promise<void> {
    const { log } = this.#options.access.history;
    while (!this.#stopped && !index.full) {
      const orders = this.#queue.take(AT_ONCE);
      if (orders.length === 0) return;
      const entries = await Promise.all(orders.map((order) => log.entry('index', order)));
      await this.#put(
        index,
        entries.filter((entry) => entry !== undefined),
      );
      this.#taken.push(...orders);
      this.#flushAt ??= this.#now() + FLUSH_MS;
    }
  }

  /** Puts messages as they are now into the index, in the place of what it knew of them. */
  async #put(
    index: SearchIndex,
    entries: readonly Pick<LogEntry, 'id' | 'ref' | 'stamp'>[],
  ): Promise<void> {
    const once = [...new Map(entries.map((entry) => [`${entry.id} ${entry.ref}`, entry])).values()];
    const found = await Promise.all(
      once.map(async (entry) => ({ entry, message: await this.#message(entry) })),
    );
    const kept: Pick<MessageRecord, 'ref' | 'stamp'>[] = [];
    const gone: typeof kept = [];
    for (const { entry, message } of found) {
      const { ref, stamp = message?.stamp } = entry;
      if (stamp === undefined) continue;
      const isKept = message !== undefined && isSearchable(message);
      (isKept ? kept : gone).push({ ref, stamp });
    }
    await index.delete(kept);
    await index.delete(gone, { purgeFrom: this.#now() });
    for (const { entry, message } of found) {
      if (message === undefined || !isSearchable(message)) continue;
      index.add(toIndexed(entry.id, message));
      await this.#slices.check();
    }
  }

  /** @returns undefined also for a damaged message, which must not keep the others from being found */
  async #message({ id, ref }: Pick<LogEntry, 'id' | 'ref'>): Promise<MessageRecord | undefined> {
    try {
      return await this.#options.access.history.message(id, ref);
    } catch (error) {
      if (!isProtocolError(error, 'store/corrupt')) throw error;
      return undefined;
    }
  }

  async #flush(): Promise<void> {
    const index = this.#index;
    if (index === undefined) return;
    const { history } = this.#options.access;
    const taken = this.#taken;
    const position = writeBuildPosition(this.#position);
    if (index.waiting === 0 && taken.length === 0 && position === index.position) return;
    await withLock(history.store, logLock(history.user), async () => {
      const finished = await Promise.all(taken.map((each) => history.log.finished('index', each)));
      await index.flush(position, finished.flat());
    });
    this.#taken = this.#taken.slice(taken.length);
    this.#flushAt = undefined;
  }

  async #repair(index: SearchIndex): Promise<void> {
    const lost = await index.dropDamaged();
    if (lost === undefined) {
      this.#forget();
      await clearIndex(indexStore(this.#options.access));
      return;
    }
    await this.#put(
      index,
      lost.map(({ conversation: id, ref, stamp }) => ({ id, ref, stamp })),
    );
    await this.#flush();
  }

  #now(): number {
    return this.#options.access.history.clock.now();
  }
}

/** The part of the store with the index of a user. */
export function indexStore({ history }: Pick<HistoryAccess, 'history'>): Store {
  return subStore(history.store, ['search', history.user]);
}
