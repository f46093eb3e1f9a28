import { lstat, mkdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ProtocolError } from '@dimp/foundation';
import type { RootDatabase } from 'lmdb';
import { syncFile, syncFolder } from './durable.ts';
import { storeError } from './native-error.ts';

/** Copies an open database to a new folder. The folder gets its name once all of it is on the disk. */
export async function copyEnvironment(
  environment: RootDatabase<Uint8Array, Uint8Array>,
  folder: string,
  path: string,
): Promise<void> {
  const target = resolve(path);
  const partial = `${target}.partial`;
  try {
    await checkFree(target);
    await checkRoom(folder, dirname(target));
    await rm(partial, { recursive: true, force: true });
    // The copy contains the same private keys.
    await mkdir(partial, { mode: 0o700 });
    await environment.backup(partial, false);
    await syncFile(join(partial, 'data.mdb'));
    await syncFolder(partial);
    await rename(partial, target);
    await syncFolder(dirname(target));
  } catch (error) {
    await rm(partial, { recursive: true, force: true }).catch(() => undefined);
    throw storeError('the backup', error);
  }
}

async function checkFree(target: string): Promise<void> {
  try {
    await lstat(target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  throw new ProtocolError('store/conflict', 'the target of the backup already exists');
}

/** The binding does not say why a copy fails. A full disk is the most likely reason, so it is checked first. */
async function checkRoom(folder: string, target: string): Promise<void> {
  const { size } = await stat(join(folder, 'data.mdb'));
  const { bavail, bsize } = await statfs(target);
  if (bavail * bsize < size) {
    throw new ProtocolError(
      'store/quota',
      'the disk does not have enough free space for the backup',
    );
  }
}
