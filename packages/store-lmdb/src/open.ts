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

/** Options for {@link lmdbStore}. */
export interface LmdbStoreOptions {
  /** Folder of the store. It is created if it is missing; its parent folder must exist. */
  readonly path: string;
  /**
   * Bytes to leave free on the disk. Writes that would use them are refused with `store/quota`.
   *
   * @default 8 MiB
   */
  readonly reserveBytes?: number;
  /**
   * Largest data file, in bytes, that is read and checked for damage before it is opened. A truncated file is checked
   * whatever its size.
   *
   * @default 256 MiB
   */
  readonly checkBytes?: number;
}

const DEFAULT_RESERVE = 8 * 1024 * 1024;
/** Default of `checkBytes`. */
export const DEFAULT_CHECK: number = 256 * 1024 * 1024;

/**
 * Opens a store in files of this machine. One process can have it open at a time, also among containers that share the
 * disk. Acknowledged changes are on the disk. Concurrent changes share a commit. Reads are synchronous.
 *
 * @throws `store/conflict` if a running process has it open, this one included; `store/corrupt` for files that are
 *   damaged or not a store; `store/unavailable` without permission, or if the parent folder is missing; `store/quota`
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

/** @returns a function that unlocks the folder; undefined where only the process ID in it tells whose it is */
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
 * Opens the store and records its owner without awaiting. Two calls in one process would block each other forever if one
 * ran between two steps of the other: LMDB's write lock belongs to the thread.
 */
function openNow(folder: string, reserve: number, unlock: (() => void) | undefined): LmdbStore {
  if (unlock === undefined) checkOwner(folder);
  const environment: RootDatabase<Uint8Array, Uint8Array> = open({
    path: folder,
    noSubdir: false,
    // A commit ends when the data, then the page that refers to them, are on the disk. The binding's default flushes later
    // and relies on the machine not being restarted.
    overlappingSync: false,
    // Otherwise a failed commit would reject a promise of the binding that this code cannot handle.
    eventTurnBatching: false,
    encoding: 'binary',
    keyEncoding: 'binary',
    // The binding's types lack these. A commit does not start before all of its writes are added.
    ...{ permissionsMode: 0o600, batchStartThreshold: Number.POSITIVE_INFINITY },
  });
  let release = (): void => {};
  try {
    // Without a folder lock, a transaction makes other processes wait until this one is recorded. With a lock there is no
    // transaction: if this thread were terminated, LMDB would keep its write lock.
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

/** Creates the folder, readable by its owner only: it contains private keys. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
    await syncFolder(dirname(folder));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Opens all files first: LMDB's binding crashes the process for a file that it cannot open. */
function checkAccess(folder: string): void {
  for (const name of ['data.mdb', 'lock.mdb', 'owner.json']) {
    closeSync(openSync(join(folder, name), 'a', 0o600));
  }
}
