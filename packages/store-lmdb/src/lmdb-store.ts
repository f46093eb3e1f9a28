import type { Store, StoreChange, StoreKey } from '@dimp/core';
import { equalBytes, ProtocolError } from '@dimp/foundation';
import type { Database, RootDatabase } from 'lmdb';
import { copyEnvironment } from './backup.ts';
import { CommitQueue } from './commit-queue.ts';
import { decodeKey, encodeKey, keyRange } from './key-bytes.ts';
import { storeError } from './native-error.ts';

/** A {@link Store} in files of this machine. */
export interface LmdbStore extends Store {
  /**
   * Copies the store as it is now, while it is in use: a folder that `lmdbStore` opens. It appears when it is complete.
   *
   * @param path - where the copy goes; nothing may be there yet
   * @throws `store/conflict` if something is there, `store/quota`, `store/unavailable`, `state/stopped`
   */
  backup(path: string): Promise<void>;
}

/** What an open store works on. */
export interface LmdbParts {
  readonly folder: string;
  readonly environment: RootDatabase<Uint8Array, Uint8Array>;
  readonly records: Database<Uint8Array, Uint8Array>;
  /** Bytes that stay free on the disk. */
  readonly reserve: number;
  /** Called when the store is closed and nothing is left to write. */
  readonly release: () => void;
}

/** What a list reads at once: nothing is held open while the caller works on it. */
const PAGE_ENTRIES = 256;
const PAGE_BYTES = 1024 * 1024;

/** The store that `lmdbStore` opens. */
export class OpenLmdbStore implements LmdbStore {
  readonly capabilities: Store['capabilities'] = { durable: true, shared: false };
  readonly #parts: LmdbParts;
  readonly #commits: CommitQueue;
  readonly #backups = new Set<Promise<void>>();
  #closing: Promise<void> | undefined;

  constructor(parts: LmdbParts) {
    this.#parts = parts;
    this.#commits = new CommitQueue(parts.environment, parts.folder, parts.reserve);
  }

  get(key: StoreKey): Uint8Array | undefined {
    this.#checkOpen();
    const bytes = encodeKey(key);
    return reading(() => this.#read(bytes));
  }

  async set(key: StoreKey, value: Uint8Array): Promise<void> {
    return this.batch([{ type: 'set', key, value }]);
  }

  async delete(key: StoreKey): Promise<void> {
    return this.batch([{ type: 'delete', key }]);
  }

  async *list(prefix: StoreKey): AsyncGenerator<readonly [key: StoreKey, value: Uint8Array]> {
    this.#checkOpen();
    let { start, end } = keyRange(prefix);
    for (;;) {
      const page = reading(() => this.#page(start, end));
      const last = page.at(-1);
      if (last === undefined) return;
      for (const [key, value] of page) {
        yield [decodeKey(key), value];
        this.#checkOpen();
      }
      start = following(last[0]);
    }
  }

  async batch(changes: readonly StoreChange[]): Promise<void> {
    this.#checkOpen();
    let written: number | undefined;
    const prepared = changes.map((change) => {
      const key = encodeKey(change.key);
      if (change.type === 'delete') return { key, value: undefined };
      written = (written ?? 0) + change.value.length;
      return { key, value: copyOf(change.value) };
    });
    return this.#commits.add(written, () => {
      for (const { key, value } of prepared) this.#write(key, value);
    });
  }

  async compareAndSet(
    key: StoreKey,
    expected: Uint8Array | undefined,
    value: Uint8Array | undefined,
  ): Promise<boolean> {
    this.#checkOpen();
    const bytes = encodeKey(key);
    const seen = expected === undefined ? undefined : copyOf(expected);
    const next = value === undefined ? undefined : copyOf(value);
    return this.#commits.add(next?.length, () => {
      const found = this.#read(bytes);
      const same =
        found === undefined || seen === undefined ? found === seen : equalBytes(found, seen);
      if (same) this.#write(bytes, next);
      return same;
    });
  }

  async backup(path: string): Promise<void> {
    this.#checkOpen();
    const copying = copyEnvironment(this.#parts.environment, this.#parts.folder, path);
    this.#backups.add(copying);
    try {
      await copying;
    } finally {
      this.#backups.delete(copying);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#commits.drained();
    await Promise.allSettled(this.#backups);
    await this.#parts.environment.close();
    this.#parts.release();
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) {
      throw new ProtocolError('state/stopped', 'the store is closed');
    }
  }

  /** The binding's own memory is used again, so the bytes are copied. */
  #read(key: Uint8Array): Uint8Array | undefined {
    const found = this.#parts.records.getBinary(key);
    return found === undefined ? undefined : new Uint8Array(found);
  }

  #write(key: Uint8Array, value: Uint8Array | undefined): void {
    if (value === undefined) this.#parts.records.removeSync(key);
    else this.#parts.records.putSync(key, value);
  }

  #page(
    start: Uint8Array,
    end: Uint8Array | undefined,
  ): readonly (readonly [key: Uint8Array, value: Uint8Array])[] {
    const page: [Uint8Array, Uint8Array][] = [];
    let bytes = 0;
    const range = { start, limit: PAGE_ENTRIES, ...(end === undefined ? {} : { end }) };
    for (const { key, value } of this.#parts.records.getRange(range)) {
      page.push([copyOf(key), copyOf(value)]);
      bytes += value.length;
      if (bytes >= PAGE_BYTES) break;
    }
    return page;
  }
}

function reading<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw storeError('reading', error);
  }
}

/** The next key that is possible. */
function following(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1);
  next.set(key);
  return next;
}

/** Not `slice`: that of Buffer shares the memory. */
function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
