import { chmod, mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CommandFailure, systemCode } from '../terminal/failure.ts';

/** Paths of the data of a station. A copy of the folder, made while no station is running, is also a backup. */
export interface DataFolder {
  readonly path: string;
  /** Identity, directory and inboxes: a folder of `store-lmdb`. */
  readonly store: string;
  /** Encrypted user files. */
  readonly files: string;
  /** Control socket of the running station. */
  readonly control: string;
}

/** Returns the paths in a data folder, which may not exist. */
export function dataFolder(path: string): DataFolder {
  return {
    path,
    store: join(path, 'store'),
    files: join(path, 'files'),
    control: join(path, 'control.sock'),
  };
}

/**
 * Creates the folder if it does not exist. Only its owner has access.
 *
 * @throws `file/unwritable`
 */
export async function makeDataFolder({ path }: DataFolder): Promise<void> {
  try {
    if (await exists(path)) return;
    await mkdir(dirname(path), { recursive: true });
    await mkdir(path, { mode: 0o700 });
    // The umask may have removed more permissions.
    await chmod(path, 0o700);
  } catch (error) {
    const code = systemCode(error) ?? 'unknown error';
    throw new CommandFailure('file/unwritable', `cannot create the data folder ${path}: ${code}`);
  }
}

/** Whether a path exists. */
export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}
