import {
  checkStoreKey,
  checkStorePrefix,
  type Store,
  type StoreChange,
  type StoreKey,
  type StoreSharing,
} from '@dimp/core';
import { equalBytes, onAsyncDispose, ProtocolError } from '@dimp/foundation';
import type { IDBPDatabase, IDBPObjectStore, IDBPTransaction } from 'idb';
import { storeError, unavailable } from './idb-error.ts';
import { isPath, TabSharing } from './tab-sharing.ts';

/** Name of the only object store: values by path. */
export const RECORDS = 'records';

/** Number of entries that a list reads at once: at first, and at most. */
const FIRST_PAGE = 16;
const MAX_PAGE = 512;
/** Approximate bytes that a list reads at once. */
const PAGE_BYTES = 1024 * 1024;

type Records<Mode extends IDBTransactionMode> = IDBPObjectStore<
  unknown,
  [typeof RECORDS],
  typeof RECORDS,
  Mode
>;

/** The store that `indexedDbStore` opens. */
export class OpenIndexedDbStore implements Store {
  readonly capabilities: Store['capabilities'] = { durable: true, shared: true };
  readonly sharing: StoreSharing;
  readonly #database: IDBPDatabase;
  readonly #tabs: TabSharing;
  readonly #changing = new Set<Promise<unknown>>();
  #lost = false;
  #closing: Promise<void> | undefined;

  constructor(name: string, database: IDBPDatabase) {
    this.#database = database;
    this.#tabs = new TabSharing(name, () => this.#checkOpen());
    this.sharing = this.#tabs;
  }

  /** Closes the store because the browser or another tab needs the database, to delete or to upgrade it. */
  lose(): void {
    this.#lost = true;
    this.#database.close();
    this.#tabs.close(lost());
  }

  async get(key: StoreKey): Promise<Uint8Array | undefined> {
    this.#checkOpen();
    checkStoreKey(key);
    return this.#transact('readonly', async (records) => bytesOf(await records.get([...key])));
  }

  async set(key: StoreKey, value: Uint8Array): Promise<void> {
    return this.batch([{ type: 'set', key, value }]);
  }

  async delete(key: StoreKey): Promise<void> {
    return this.batch([{ type: 'delete', key }]);
  }

  async *list(prefix: StoreKey): AsyncGenerator<readonly [key: StoreKey, value: Uint8Array]> {
    this.#checkOpen();
    checkStorePrefix(prefix);
    // In the order of keys, arrays come after all strings.
    const end = [...prefix, []];
    let after: StoreKey = prefix;
    let count = FIRST_PAGE;
    for (;;) {
      const range = IDBKeyRange.bound([...after], end, true, true);
      // One transaction for each page: none is open while the caller uses the entries.
      const [keys, values] = await this.#transact('readonly', (records) =>
        Promise.all([records.getAllKeys(range, count), records.getAll(range, count)]),
      );
      let bytes = 0;
      for (const [index, found] of keys.entries()) {
        const value = bytesOf(values[index]);
        if (!isPath(found) || value === undefined) throw corrupt();
        bytes += value.length;
        yield [found, value];
        this.#checkOpen();
        after = found;
      }
      if (keys.length < count) return;
      count = nextCount(count, bytes);
    }
  }

  async batch(changes: readonly StoreChange[]): Promise<void> {
    this.#checkOpen();
    for (const { key } of changes) checkStoreKey(key);
    if (changes.length === 0) return;
    await this.#change(async (records) => {
      await Promise.all(
        changes.map((change) =>
          write(records, change.key, change.type === 'set' ? change.value : undefined),
        ),
      );
      return changes.map(({ key }) => [...key]);
    });
  }

  async compareAndSet(
    key: StoreKey,
    expected: Uint8Array | undefined,
    value: Uint8Array | undefined,
  ): Promise<boolean> {
    this.#checkOpen();
    checkStoreKey(key);
    const path = [...key];
    const seen = expected === undefined ? undefined : new Uint8Array(expected);
    const next = value === undefined ? undefined : new Uint8Array(value);
    const changed = await this.#change(async (records) => {
      const found = bytesOf(await records.get(path));
      const same =
        found === undefined || seen === undefined ? found === seen : equalBytes(found, seen);
      if (!same) return [];
      await write(records, path, next);
      return [path];
    });
    return changed.length > 0;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  declare readonly [Symbol.asyncDispose]: () => Promise<void>;

  static {
    onAsyncDispose(OpenIndexedDbStore, (store) => store.close());
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#changing);
    this.#database.close();
    this.#tabs.close(stopped());
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw stopped();
    if (this.#lost) throw lost();
  }

  /**
   * Changes entries in one transaction, then notifies the other tabs.
   *
   * @param run - returns the paths of the changed entries
   */
  async #change(
    run: (records: Records<'readwrite'>) => Promise<readonly StoreKey[]>,
  ): Promise<readonly StoreKey[]> {
    const changing = this.#changeAndTell(run);
    this.#changing.add(changing);
    try {
      return await changing;
    } finally {
      this.#changing.delete(changing);
    }
  }

  async #changeAndTell(
    run: (records: Records<'readwrite'>) => Promise<readonly StoreKey[]>,
  ): Promise<readonly StoreKey[]> {
    const keys = await this.#transact('readwrite', run);
    if (keys.length > 0 && !this.#lost) this.#tabs.tell(keys);
    return keys;
  }

  /** Runs a transaction. It is created before this method returns: transactions take effect in order of creation. */
  async #transact<Mode extends 'readonly' | 'readwrite', T>(
    mode: Mode,
    run: (records: Records<Mode>) => Promise<T>,
  ): Promise<T> {
    let transaction: IDBPTransaction<unknown, [typeof RECORDS], Mode> | undefined;
    try {
      transaction = this.#database.transaction(RECORDS, mode, { durability: 'strict' });
      // It may be rejected before it is awaited below.
      transaction.done.catch(() => undefined);
      const result = await run(transaction.objectStore(RECORDS));
      await transaction.done;
      return result;
    } catch (error) {
      // The reason why the transaction was aborted is more precise.
      const cause = transaction?.error ?? error;
      abort(transaction);
      throw this.#lost ? lost() : storeError('the database', cause);
    }
  }
}

async function write(
  records: Records<'readwrite'>,
  key: StoreKey,
  value: Uint8Array | undefined,
): Promise<void> {
  if (value === undefined) await records.delete([...key]);
  // A copy: for a view of a larger buffer, the browser would store the whole buffer.
  else await records.put(new Uint8Array(value), [...key]);
}

function bytesOf(stored: unknown): Uint8Array | undefined {
  if (stored === undefined || stored instanceof Uint8Array) return stored;
  throw corrupt();
}

/** Number of entries that fit about one page, by the size of the last page. */
function nextCount(count: number, bytes: number): number {
  if (bytes > PAGE_BYTES) return Math.max(1, count >> 1);
  return bytes < PAGE_BYTES / 4 ? Math.min(MAX_PAGE, count * 2) : count;
}

function abort(transaction: { abort(): void } | undefined): void {
  try {
    transaction?.abort();
  } catch {
    // The transaction has ended already.
  }
}

function corrupt(): ProtocolError<'store/corrupt'> {
  return new ProtocolError('store/corrupt', 'a stored entry cannot be read');
}

function stopped(): ProtocolError<'state/stopped'> {
  return new ProtocolError('state/stopped', 'the store is closed');
}

function lost(): ProtocolError<'store/unavailable'> {
  return unavailable('the database was deleted, changed or closed from elsewhere');
}
