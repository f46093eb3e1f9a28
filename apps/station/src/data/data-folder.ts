import { chmod, mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CommandFailure, systemCode } from '../terminal/failure.ts';

/** Where everything of a station is. Copying the folder while no station runs on it is a backup, too. */
export interface DataFolder {
  readonly path: string;
  /** Identity, directory, inboxes: a folder of `store-lmdb`. */
  readonly store: string;
  /** Encrypted files of users. */
  readonly files: string;
  /** Where the running station takes orders of its owner. */
  readonly control: string;
}

/** The places in a data folder. It need not be there. */
export function dataFolder(path: string): DataFolder {
  return {
    path,
    store: join(path, 'store'),
    files: join(path, 'files'),
    control: join(path, 'control.sock'),
  };
}

/**
 * Makes the folder if it is missing, so that nobody but its owner gets into it.
 *
 * @throws `file/unwritable`
 */
export async function makeDataFolder({ path }: DataFolder): Promise<void> {
  try {
    if (await exists(path)) return;
    await mkdir(dirname(path), { recursive: true });
    await mkdir(path, { mode: 0o700 });
    // What the process masks out of the mode is only more of it.
    await chmod(path, 0o700);
  } catch (error) {
    const code = systemCode(error) ?? 'unknown error';
    throw new CommandFailure('file/unwritable', `the data folder ${path} cannot be made: ${code}`);
  }
}

/** Whether something is at a path. */
export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}
