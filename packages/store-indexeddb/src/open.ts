import type { Store } from '@dimp/core';
import { ProtocolError } from '@dimp/foundation';
import { type IDBPDatabase, openDB } from 'idb';
import { storeError, unavailable } from './idb-error.ts';
import { OpenIndexedDbStore, RECORDS } from './indexed-db-store.ts';

/** What {@link indexedDbStore} is told. */
export interface IndexedDbStoreOptions {
  /** Name of the database in this origin; `indexedDB.deleteDatabase` of this name removes the store. */
  readonly name: string;
  /**
   * Milliseconds after which opening is given up: a deletion that another tab stands in the way of, say, keeps everybody
   * out until that tab gives way.
   *
   * @default 10,000
   */
  readonly timeout?: number;
}

const DEFAULT_TIMEOUT = 10_000;

/** Layout of the database: one object store, values by path. */
const VERSION = 1;

/**
 * Opens a store in this browser, which all tabs and workers of this origin may have open at once. What is acknowledged was
 * handed to the disk (`durability: 'strict'`).
 *
 * @throws `store/unavailable` where the browser has no IndexedDB, Web Locks or BroadcastChannel, or refuses them: some do
 *   in private windows, and pages that are no secure context have no Web Locks; or if it did not open in time; `store/corrupt` if the database is
 *   something else; `store/quota`
 *
 * @example
 * ```ts
 * const store = await indexedDbStore({ name: 'account' });
 * await store.set(['greeting'], utf8Encode('hello'));
 * ```
 */
export async function indexedDbStore({
  name,
  timeout = DEFAULT_TIMEOUT,
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
    throw new ProtocolError('store/corrupt', 'the database of this name is no store');
  }
  store = new OpenIndexedDbStore(name, database);
  if (taken) store.lose();
  return store;
}

/** @throws `store/unavailable` if it does not open in time; what opens later is closed at once */
function within(timeout: number, opening: Promise<IDBPDatabase>): Promise<IDBPDatabase> {
  return new Promise((resolve, reject) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      reject(unavailable('the database does not open: another tab may stand in the way'));
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
  if (!('indexedDB' in globalThis)) throw unavailable('there is no IndexedDB here');
  if (!('BroadcastChannel' in globalThis)) throw unavailable('there is no BroadcastChannel here');
  if (!('locks' in navigator)) {
    throw unavailable('there are no Web Locks here: pages need https, or localhost');
  }
}
