import { closeSync, existsSync, openSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Store, StoreChange, StoreKey } from '@dimp/core';
import { ProtocolError } from '@dimp/foundation';
import { type Database, open, type RootDatabase } from 'lmdb';
import { checkDataFile } from './data-file.ts';
import { OpenLmdbStore } from './lmdb-store.ts';
import { storeError } from './native-error.ts';
import { DEFAULT_CHECK, type LmdbStoreOptions } from './open.ts';
import { checkOwner } from './owner.ts';

/**
 * Opens a store for reading, where writing is impossible: on a full disk, in a folder that is read-only or belongs to
 * another user. It creates no file and locks nothing, so later writes of another program may be visible or not. All
 * changes are refused with `store/unavailable`.
 *
 * @throws `store/conflict` if a running process has it open; `store/corrupt` for files that are damaged or not a store;
 *   `store/unavailable` for files that are missing or not readable
 */
export async function lmdbReader(
  options: Pick<LmdbStoreOptions, 'path' | 'checkBytes'>,
): Promise<Store> {
  const { checkBytes = DEFAULT_CHECK } = options;
  const folder = resolve(options.path);
  try {
    checkOwner(folder);
    checkReadable(folder);
    await checkDataFile(folder, checkBytes, 'r');
    return openReader(folder);
  } catch (error) {
    throw storeError('opening the store for reading', error);
  }
}

/** Opens all files first: LMDB's binding crashes the process for a file that it cannot open. */
function checkReadable(folder: string): void {
  closeSync(openSync(join(folder, 'data.mdb'), 'r'));
  const lock = join(folder, 'lock.mdb');
  if (existsSync(lock)) closeSync(openSync(lock, 'r'));
}

function openReader(folder: string): Store {
  const environment: RootDatabase<Uint8Array, Uint8Array> = open({
    path: folder,
    noSubdir: false,
    readOnly: true,
    encoding: 'binary',
    keyEncoding: 'binary',
  });
  try {
    const records: Database<Uint8Array, Uint8Array> | undefined = environment.openDB({
      name: 'records',
      encoding: 'binary',
      keyEncoding: 'binary',
    });
    // The environment was created, but not the store in it.
    if (records === undefined) throw new ProtocolError('store/corrupt', 'the store has no records');
    return new LmdbReader({ folder, environment, records, reserve: 0, release: () => {} });
  } catch (error) {
    void environment.close();
    throw error;
  }
}

/** Store that refuses changes before they reach LMDB. */
class LmdbReader extends OpenLmdbStore {
  override batch(_changes: readonly StoreChange[]): Promise<void> {
    return Promise.reject(readOnly());
  }

  override compareAndSet(
    _key: StoreKey,
    _expected: Uint8Array | undefined,
    _value: Uint8Array | undefined,
  ): Promise<boolean> {
    return Promise.reject(readOnly());
  }
}

function readOnly(): ProtocolError<'store/unavailable'> {
  return new ProtocolError('store/unavailable', 'the store is open for reading only');
}
