import type { Store } from '@dimp/core';
import { ProtocolError } from '@dimp/foundation';
import { type IDBPDatabase, openDB } from 'idb';
import { storeError, unavailable } from './idb-error.ts';
import { OpenIndexedDbStore, RECORDS } from './indexed-db-store.ts';

/** Options for {@link indexedDbStore}. */
export interface IndexedDbStoreOptions {
  /** Name of the database in this origin. `indexedDB.deleteDatabase` with this name deletes the store. */
  readonly name: string;
  /**
   * Maximum time for opening, in milliseconds. For example, a deletion that another tab blocks keeps the database closed
   * until that tab closes its connection.
   *
   * @default 10,000
   */
  readonly timeout?: number;
}

const DEFAULT_TIMEOUT_MS = 10_000;

/** Version of the database layout: one object store with values by path. */
const VERSION = 1;

/**
 * Opens a store in this browser. All tabs and workers of the origin can have it open at the same time. Acknowledged
 * changes were flushed to the disk (`durability: 'strict'`).
 *
 * @throws `store/unavailable` if the browser has no IndexedDB, Web Locks or BroadcastChannel, or refuses them (some do in
 *   private windows, and Web Locks need a secure context), or if the database does not open in time; `store/corrupt` if
 *   the database is not a store; `store/quota`
 *
 * @example
 * ```ts
 * const store = await indexedDbStore({ name: 'account' });
 * await store.set(['greeting'], utf8Encode('hello'));
 * ```
 */
export async function indexedDbStore({
  name,
  timeout = DEFAULT_TIMEOUT_MS,
}: IndexedDbStoreOptions): Promise<Store> {
  checkPlatform();
  let store: OpenIndexedDbStore | undefined;
  let taken = false;
  const lose = (): void => {
    taken = true;
    store?.lose();
  };
  let database: IDBPDatabase;
  try {
    const opening = openDB(name, VERSION, {
      upgrade: (created) => {
        created.createObjectStore(RECORDS);
      },
      blocking: lose,
      terminated: lose,
    });
    database = await within(timeout, opening);
  } catch (error) {
    throw storeError('opening the database', error);
  }
  if (!database.objectStoreNames.contains(RECORDS)) {
    database.close();
    throw new ProtocolError('store/corrupt', 'the database of this name is not a store');
  }
  store = new OpenIndexedDbStore(name, database);
  if (taken) store.lose();
  return store;
}

/** @throws `store/unavailable` if the database does not open in time; it is closed if it opens later */
function within(timeout: number, opening: Promise<IDBPDatabase>): Promise<IDBPDatabase> {
  return new Promise((resolve, reject) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      reject(unavailable('the database does not open: another tab may block it'));
    }, timeout);
    opening.then(
      (database) => {
        clearTimeout(timer);
        if (late) database.close();
        else resolve(database);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}

function checkPlatform(): void {
  if (!('indexedDB' in globalThis)) throw unavailable('IndexedDB is not available');
  if (!('BroadcastChannel' in globalThis)) throw unavailable('BroadcastChannel is not available');
  if (!('locks' in navigator)) {
    throw unavailable('Web Locks are not available: the page needs https or localhost');
  }
}
