import type { Store } from '@dimp/core';
import { ProtocolError } from '@dimp/foundation';
import { type IDBPDatabase, openDB } from 'idb';
import { storeError, unavailable } from './idb-error.ts';
import { OpenIndexedDbStore, RECORDS } from './indexed-db-store.ts';

/** What {@link indexedDbStore} is told. */
export interface IndexedDbStoreOptions {
  /** Name of the database in this origin; `indexedDB.deleteDatabase` of this name removes the store. */
  readonly name: string;
}

/** Layout of the database: one object store, values by path. */
const VERSION = 1;

/**
 * Opens a store in this browser, which all tabs and workers of this origin may have open at once. What is acknowledged was
 * handed to the disk (`durability: 'strict'`).
 *
 * @throws `store/unavailable` where the browser has no IndexedDB, Web Locks or BroadcastChannel, or refuses them: some do
 *   in private windows, and pages that are no secure context have no Web Locks; `store/corrupt` if the database is
 *   something else; `store/quota`
 *
 * @example
 * ```ts
 * const store = await indexedDbStore({ name: 'account' });
 * await store.set(['greeting'], utf8Encode('hello'));
 * ```
 */
export async function indexedDbStore({ name }: IndexedDbStoreOptions): Promise<Store> {
  checkPlatform();
  let store: OpenIndexedDbStore | undefined;
  let taken = false;
  const lose = (): void => {
    taken = true;
    store?.lose();
  };
  let database: IDBPDatabase;
  try {
    database = await openDB(name, VERSION, {
      upgrade: (created) => {
        created.createObjectStore(RECORDS);
      },
      blocking: lose,
      terminated: lose,
    });
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

function checkPlatform(): void {
  if (!('indexedDB' in globalThis)) throw unavailable('there is no IndexedDB here');
  if (!('BroadcastChannel' in globalThis)) throw unavailable('there is no BroadcastChannel here');
  if (!('locks' in navigator)) {
    throw unavailable('there are no Web Locks here: pages need https, or localhost');
  }
}
