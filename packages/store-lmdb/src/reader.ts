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
 * Opens a store to read it, where nothing can be written: on a disk that is full, in a folder that is read-only or belongs
 * to somebody else. It makes no file and keeps nobody out, so what another program writes afterwards may be seen or not.
 *
 * @throws `store/conflict` if a process that is alive has it open; `store/corrupt` for files that are damaged or something
 *   else; `store/unavailable` for files that are missing or may not be read. Every change is refused with
 *   `store/unavailable`.
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

/** LMDB's binding does not survive a file that it may not open, so all of them are tried before. */
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
    // An environment in which no store was ever completed.
    if (records === undefined) throw new ProtocolError('store/corrupt', 'the store has no records');
    return new LmdbReader({ folder, environment, records, reserve: 0, release: () => {} });
  } catch (error) {
    void environment.close();
    throw error;
  }
}

/** A store whose changes are refused before they reach LMDB. */
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
