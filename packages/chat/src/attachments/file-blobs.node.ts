import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalBlob, LocalBlobs } from './local-blobs.ts';

/** Names of entries; other files in the folder are left alone. */
const NAME = /^[0-9a-f]{64}$/;

/**
 * Keeps files in a folder that only this user can read. Each file is written beside its place and renamed.
 *
 * @param folder - made when it is needed
 */
export function fileBlobs(folder: string): LocalBlobs {
  return {
    async read(name) {
      const path = pathOf(folder, name);
      const bytes = await readFile(path).catch(missing);
      // The time of the last use orders entries after a restart.
      if (bytes !== undefined) await utimes(path, new Date(), new Date()).catch(missing);
      return bytes;
    },
    async write(name, bytes) {
      const path = pathOf(folder, name);
      const unfinished = `${path}.${crypto.randomUUID()}.tmp`;
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const file = await open(unfinished, 'wx', 0o600);
      try {
        for (const piece of bytes) await file.write(piece);
        await file.sync();
      } catch (error) {
        await file.close();
        await rm(unfinished, { force: true });
        throw error;
      }
      await file.close();
      await rename(unfinished, path);
    },
    async delete(name) {
      await rm(pathOf(folder, name), { force: true });
    },
    async list() {
      const names = (await readdir(folder).catch(missing)) ?? [];
      for (const name of names) {
        if (name.endsWith('.tmp')) await rm(join(folder, name), { force: true });
      }
      const entries = await Promise.all(
        names.filter((name) => NAME.test(name)).map((name) => entryOf(folder, name)),
      );
      return entries.filter((entry) => entry !== undefined);
    },
  };
}

async function entryOf(folder: string, name: string): Promise<LocalBlob | undefined> {
  const found = await stat(pathOf(folder, name)).catch(missing);
  return found === undefined ? undefined : { name, size: found.size, used: found.mtimeMs };
}

function pathOf(folder: string, name: string): string {
  if (!NAME.test(name)) throw new TypeError('a name must be 64 hex digits');
  return join(folder, name);
}

function missing(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
  throw error;
}
