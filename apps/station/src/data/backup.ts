import { constants } from 'node:fs';
import {
  copyFile,
  lstat,
  mkdir,
  mkdtemp,
  open,
  opendir,
  rename,
  rm,
  stat,
  utimes,
} from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { ProtocolError } from '@dimp/foundation';
import type { LmdbStore } from '@dimp/store-lmdb';
import { CommandFailure, systemCode } from '../terminal/failure.ts';
import { type DataFolder, exists } from './data-folder.ts';

/** Contents of a backup. */
export interface BackupSummary {
  /** Number of user files. */
  readonly files: number;
  /** Their bytes. */
  readonly bytes: number;
}

/** Options for {@link backUp}. */
export interface BackupOptions {
  /** Whether user files are copied. */
  readonly files: boolean;
}

/** Folder of complete files; unfinished uploads are left out. */
const FINISHED = 'files';

/**
 * Copies the data of a station, even while it is running, to a new folder that a station can be started with. The folder
 * appears when it is complete. The store is copied first, because the files that its messages refer to exist already.
 *
 * @param target - path of the copy, which must not exist
 * @throws `store/conflict` if the target exists, `store/quota`, `store/unavailable`; `usage`, `file/unwritable`
 */
export async function backUp(
  store: LmdbStore,
  data: DataFolder,
  target: string,
  { files }: BackupOptions,
): Promise<BackupSummary> {
  const path = resolve(target);
  if (isInside(path, data.path)) {
    throw new CommandFailure('usage', 'a backup must not be inside the data folder');
  }
  let partial: string | undefined;
  try {
    await checkFree(path);
    // Only the owner can read the folder, because the copy contains the same keys.
    partial = await mkdtemp(`${path}.partial-`);
    await store.backup(join(partial, 'store'));
    const finished = join(data.files, FINISHED);
    const summary =
      files && (await exists(finished))
        ? await copyFiles(finished, join(partial, 'files', FINISHED))
        : { files: 0, bytes: 0 };
    await syncFolder(partial);
    await checkFree(path);
    await rename(partial, path);
    await syncFolder(dirname(path));
    return summary;
  } catch (error) {
    if (partial !== undefined) await rm(partial, { recursive: true, force: true }).catch(() => {});
    throw backupError(error);
  }
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && resolve(way) !== way);
}

async function checkFree(path: string): Promise<void> {
  try {
    await lstat(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    throw error;
  }
  throw new ProtocolError('store/conflict', `the target of the backup already exists: ${path}`);
}

async function copyFiles(from: string, to: string): Promise<BackupSummary> {
  await mkdir(to, { recursive: true, mode: 0o700 });
  let [files, bytes] = [0, 0];
  for await (const entry of await opendir(from)) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) {
      const inner = await copyFiles(source, target);
      files += inner.files;
      bytes += inner.bytes;
    } else if (entry.isFile()) {
      const copied = await copyOne(source, target);
      if (copied === undefined) continue;
      files += 1;
      bytes += copied;
    }
  }
  await syncFolder(to);
  return { files, bytes };
}

/** Copies a file. @returns its bytes; undefined if the file has expired and was removed in the meantime */
async function copyOne(source: string, target: string): Promise<number | undefined> {
  try {
    const { atime, mtime, size } = await stat(source);
    // Both files share their blocks if the file system supports it.
    await copyFile(source, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    // The time of a file decides how long it is kept.
    await utimes(target, atime, mtime);
    await syncFile(target);
    return size;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Syncs a folder. Windows cannot open folders, and does not need it. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function backupError(error: unknown): unknown {
  const code = systemCode(error);
  if (code === undefined) return error;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new ProtocolError('store/quota', 'the disk has too little free space for the backup');
  }
  return new CommandFailure('file/unwritable', `the backup cannot be written: ${code}`);
}
