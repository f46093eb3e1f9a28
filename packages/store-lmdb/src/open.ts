import { closeSync, openSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { isProtocolError } from '@dimp/foundation';
import { type Database, open, type RootDatabase } from 'lmdb';
import { checkDataFile } from './data-file.ts';
import { syncFolder } from './durable.ts';
import { lockFolder } from './folder-lock.ts';
import { type LmdbStore, OpenLmdbStore } from './lmdb-store.ts';
import { storeError } from './native-error.ts';
import { checkOwner, ownerConflict, writeOwner } from './owner.ts';

/** What {@link lmdbStore} is told. */
export interface LmdbStoreOptions {
  /** Folder of the store. It is made if it is missing; the folder that it is in has to be there. */
  readonly path: string;
  /**
   * Bytes that have to stay free on the disk; writing is refused with `store/quota` before they are used up.
   *
   * @default 8 MiB
   */
  readonly reserveBytes?: number;
  /**
   * Largest data file, in bytes, that is gone through for damage before it is opened; it is read for that. A file that is
   * shorter than it says is gone through whatever its length.
   *
   * @default 256 MiB
   */
  readonly checkBytes?: number;
}

const DEFAULT_RESERVE = 8 * 1024 * 1024;
/** Data files up to this length are gone through before they are opened, in bytes. */
export const DEFAULT_CHECK: number = 256 * 1024 * 1024;

/**
 * Opens a store in files of this machine, for this process alone, also among several containers with the same disk. What
 * is acknowledged is on the disk; changes that are made at the same time share a commit; reading is synchronous.
 *
 * @throws `store/conflict` if a process that is alive has it open, this one included; `store/corrupt` for files that
 *   are damaged or something else; `store/unavailable` without permission, or if the folder around it is missing;
 *   `store/quota`
 *
 * @example
 * ```ts
 * const store = await lmdbStore({ path: './account' });
 * await store.set(['greeting'], utf8Encode('hello'));
 * await store.close();
 * ```
 */
export async function lmdbStore(options: LmdbStoreOptions): Promise<LmdbStore> {
  const { reserveBytes = DEFAULT_RESERVE, checkBytes = DEFAULT_CHECK } = options;
  const folder = resolve(options.path);
  try {
    await makeFolder(folder);
    const unlock = await lock(folder);
    try {
      checkAccess(folder);
      await checkDataFile(folder, checkBytes);
      const store = openNow(folder, reserveBytes, unlock);
      await syncFolder(folder);
      return store;
    } catch (error) {
      unlock?.();
      throw error;
    }
  } catch (error) {
    throw storeError('opening the store', error);
  }
}

/** @returns what unlocks the folder; undefined where only the number of the process in it can tell whose it is */
async function lock(folder: string): Promise<(() => void) | undefined> {
  try {
    const unlock = await lockFolder(folder);
    if (unlock === undefined) checkOwner(folder);
    return unlock;
  } catch (error) {
    throw isProtocolError(error, 'store/conflict') ? ownerConflict(folder) : error;
  }
}

/**
 * Opens and claims without a pause. Two calls of one process would block each other for ever if one began between two
 * steps of the other: LMDB's lock for writing belongs to the thread.
 */
function openNow(folder: string, reserve: number, unlock: (() => void) | undefined): LmdbStore {
  if (unlock === undefined) checkOwner(folder);
  const environment: RootDatabase<Uint8Array, Uint8Array> = open({
    path: folder,
    noSubdir: false,
    // A commit is over when data and then the page that names them are on the disk. The binding's own way flushes later
    // and relies on the machine not having been restarted.
    overlappingSync: false,
    // Without it a commit that fails would reject a promise of the binding that nobody can handle.
    eventTurnBatching: false,
    encoding: 'binary',
    keyEncoding: 'binary',
    // The binding's types do not know these. Nothing of a commit is begun before all of it is there.
    ...{ permissionsMode: 0o600, batchStartThreshold: Number.POSITIVE_INFINITY },
  });
  let release = (): void => {};
  try {
    // Where there is no lock, another process that opens it now waits until this one is known. Else nothing is begun that
    // would stay with LMDB if this thread were terminated in the middle of it.
    const disown =
      unlock === undefined
        ? environment.transactionSync(() => {
            checkOwner(folder);
            return writeOwner(folder);
          })
        : writeOwner(folder);
    release = () => {
      disown();
      unlock?.();
    };
    const records: Database<Uint8Array, Uint8Array> = environment.openDB({
      name: 'records',
      encoding: 'binary',
      keyEncoding: 'binary',
    });
    return new OpenLmdbStore({ folder, environment, records, reserve, release });
  } catch (error) {
    void environment.close();
    release();
    throw error;
  }
}

/** Readable by its owner only: there are private keys in it. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
    await syncFolder(dirname(folder));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** LMDB's binding does not survive a file that it may not open, so all of them are tried before. */
function checkAccess(folder: string): void {
  for (const name of ['data.mdb', 'lock.mdb', 'owner.json']) {
    closeSync(openSync(join(folder, name), 'a', 0o600));
  }
}
