import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';

/** Longest path of a socket that all systems accept. */
const MAX_PATH_BYTES = 100;

/**
 * Calls a function with the path of a socket. A path that is too long for the system is replaced by a link in a private
 * temporary folder.
 */
export async function withSocketPath<T>(
  path: string,
  task: (path: string) => Promise<T>,
): Promise<T> {
  const short = [path, relative(process.cwd(), path)].find(
    (each) => Buffer.byteLength(each) <= MAX_PATH_BYTES,
  );
  if (short !== undefined) return task(short);
  const folder = await mkdtemp(join(tmpdir(), 'dim-station-'));
  try {
    const link = join(folder, 'data');
    await symlink(dirname(path), link);
    return await task(join(link, basename(path)));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
