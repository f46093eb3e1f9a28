import { checkStoreKey, type Store, type StoreChange, type StoreKey } from '@dimp/core';
import { equalBytes, ProtocolError } from '@dimp/foundation';
import type { Database, RootDatabase } from 'lmdb';
import { copyEnvironment } from './backup.ts';
import { CommitQueue } from './commit-queue.ts';
import { decodeKey, encodeKey, keyRange, writeKey } from './key-bytes.ts';
import { storeError } from './native-error.ts';
import type { Write } from './pending-writes.ts';

/** {@link Store} in files of this machine. */
export interface LmdbStore extends Store {
  /**
   * Copies the current state of the store, while it is in use, to a folder that `lmdbStore` can open. The folder appears
   * once the copy is complete.
   *
   * @param path - the new folder; it must not exist
   * @throws `store/conflict` if the path exists; `store/quota`, `store/unavailable`, `state/stopped`
   */
  backup(path: string): Promise<void>;
}

/** Parts of an open store. */
export interface LmdbParts {
  readonly folder: string;
  readonly environment: RootDatabase<Uint8Array, Uint8Array>;
  readonly records: Database<Uint8Array, Uint8Array>;
  /** Bytes to leave free on the disk. */
  readonly reserve: number;
  /** Called when the store is closed and all changes are written. */
  readonly release: () => void;
}

/** Most entries and bytes that a list reads at once. No transaction is open while the caller uses them. */
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
    this.#commits = new CommitQueue(parts.records, parts.folder, parts.reserve);
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
    const { written, prepared } = prepare(changes);
    return this.#commits.add(written, () => ({ writes: prepared, result: undefined }));
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
    return this.#commits.add(next?.length, (read) => {
      const found = read(bytes);
      const same =
        found === undefined || seen === undefined ? found === seen : equalBytes(found, seen);
      return { writes: same ? [{ key: bytes, value: next }] : [], result: same };
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
    return this.close();
  }

  close(): Promise<void> {
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

  /** Copies the value: the binding reuses its memory. */
  #read(key: Uint8Array): Uint8Array | undefined {
    const found = this.#parts.records.getBinary(key);
    return found === undefined ? undefined : new Uint8Array(found);
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

/**
 * Copies all keys and values of a batch into one buffer. A buffer for each of them would cost more than to fill it, and
 * the binding asks the engine for the address of each.
 *
 * @returns the writes, and the bytes of all values; undefined if the batch only deletes
 */
function prepare(changes: readonly StoreChange[]): {
  readonly written: number | undefined;
  readonly prepared: readonly Write[];
} {
  const lengths = changes.map(({ key }) => checkStoreKey(key));
  let total = 0;
  let written: number | undefined;
  for (const [index, change] of changes.entries()) {
    total += lengths[index] as number;
    if (change.type === 'set') written = (written ?? 0) + change.value.length;
  }
  const memory = new Uint8Array(total + (written ?? 0));
  let at = 0;
  const prepared = changes.map((change, index) => {
    const key = memory.subarray(at, at + (lengths[index] as number));
    at += key.length;
    writeKey(change.key, key);
    if (change.type === 'delete') return { key, value: undefined };
    const value = memory.subarray(at, at + change.value.length);
    at += value.length;
    value.set(change.value);
    return { key, value };
  });
  return { written, prepared };
}

function reading<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw storeError('reading', error);
  }
}

/** The smallest key after a key. */
function following(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1);
  next.set(key);
  return next;
}

/** Unlike `slice`, which shares the memory of a Buffer. */
function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
