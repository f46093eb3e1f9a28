import {
  type FileHandle,
  mkdir,
  open,
  opendir,
  readdir,
  rename,
  statfs,
  unlink,
} from 'node:fs/promises';
import { join } from 'node:path';
import { randomBytes } from '@dimp/foundation';
import { decodeHead, encodeHead, type FileHead, HEAD_BYTES } from './file-head.ts';
import type { FileKey } from './file-names.ts';
import { PartWriter, writeAll } from './part-writer.ts';

/** A finished file, open for reading. */
export interface OpenFile {
  readonly handle: FileHandle;
  /** Length in bytes, without the head. */
  readonly size: number;
  /** Time when it was finished, in milliseconds since the epoch. */
  readonly finished: number;
}

/** A file found on the disk. */
export interface FoundFile {
  readonly key: string;
  readonly kind: 'finished' | 'part';
  /** Bytes on disk, without the head. */
  readonly size: number;
  /** Time of the last write, in milliseconds since the epoch. */
  readonly written: number;
}

/** Name of a subfolder of `files`. */
const SHARD = /^[0-9a-f]{2}$/;

/**
 * Files in a folder: `parts` contains unfinished uploads, `files/XX` finished files. Their names are digests, so no
 * name that a client chose becomes a path. The folder belongs to one process.
 */
export class FileDisk {
  readonly #folder: string;
  /** Subfolders of `files` that are known to be there. */
  readonly #shards = new Set<string>();

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Opens a folder, and creates `parts` and `files` if they are missing. */
  static async open(folder: string): Promise<FileDisk> {
    await mkdir(join(folder, 'parts'), { recursive: true, mode: 0o700 });
    await mkdir(join(folder, 'files'), { recursive: true, mode: 0o700 });
    await syncFolder(folder);
    return new FileDisk(folder);
  }

  /** @returns undefined if the file is missing or damaged; the caller closes it */
  async openFinished(key: FileKey): Promise<OpenFile | undefined> {
    const handle = await openIfThere(this.#finishedPath(key), 'r');
    if (handle === undefined) return undefined;
    try {
      const head = await readHead(handle);
      const { mtimeMs, size } = await handle.stat();
      if (head !== undefined && size === HEAD_BYTES + head.total) {
        // File systems store fractions of a second, which are not read back exactly.
        return { handle, size: head.total, finished: Math.round(mtimeMs) };
      }
    } catch (error) {
      await handle.close();
      throw error;
    }
    await handle.close();
    return undefined;
  }

  /** @returns the state of an unfinished file */
  async findPart(
    key: FileKey,
  ): Promise<(FileHead & { readonly size: number; readonly written: number }) | undefined> {
    const handle = await openIfThere(this.#partPath(key), 'r');
    if (handle === undefined) return undefined;
    try {
      const head = await readHead(handle);
      const { mtimeMs, size } = await handle.stat();
      if (head === undefined || size < HEAD_BYTES + head.confirmed) return undefined;
      return { ...head, size: size - HEAD_BYTES, written: Math.round(mtimeMs) };
    } finally {
      await handle.close();
    }
  }

  /**
   * Opens an unfinished file for writing, and truncates it to `start`.
   *
   * @param start - 0 creates the file; otherwise at most its confirmed length
   */
  async writePart(key: FileKey, total: number, start: number): Promise<PartWriter> {
    const handle = await open(this.#partPath(key), start === 0 ? 'w+' : 'r+', 0o600);
    try {
      await handle.truncate(HEAD_BYTES + start);
      await writeAll(handle, encodeHead({ total, confirmed: start }), 0);
    } catch (error) {
      await handle.close();
      throw error;
    }
    return new PartWriter(handle, total, start);
  }

  /** Turns a sealed part into a finished file, atomically and durably. */
  async finish(part: FileKey, key: FileKey): Promise<void> {
    const shard = await this.#createShard(key);
    await rename(this.#partPath(part), this.#finishedPath(key));
    await syncFolder(shard);
  }

  /** @returns whether the file existed */
  async removePart(key: FileKey): Promise<boolean> {
    return unlinkIfThere(this.#partPath(key));
  }

  /** @returns whether the file existed */
  async removeFinished(key: FileKey): Promise<boolean> {
    return unlinkIfThere(this.#finishedPath(key));
  }

  /** Returns a random name for a part that cannot be resumed. */
  freshKey(): FileKey {
    return Buffer.from(randomBytes(32)).toString('hex') as FileKey;
  }

  /** Returns the free bytes of the file system for users other than root. */
  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.#folder);
    return bavail * bsize;
  }

  /** All files, in constant memory. */
  async *walk(): AsyncGenerator<FoundFile> {
    yield* this.#walkFolder('part', join(this.#folder, 'parts'), '');
    const files = join(this.#folder, 'files');
    for (const name of await readdir(files)) {
      if (SHARD.test(name)) yield* this.#walkFolder('finished', join(files, name), name);
    }
  }

  async *#walkFolder(
    kind: FoundFile['kind'],
    folder: string,
    prefix: string,
  ): AsyncGenerator<FoundFile> {
    for await (const { name } of await opendir(folder)) {
      const handle = await openIfThere(join(folder, name), 'r');
      if (handle === undefined) continue;
      const { mtimeMs, size } = await handle.stat().finally(() => handle.close());
      const content = Math.max(0, size - HEAD_BYTES);
      yield { key: prefix + name, kind, size: content, written: Math.round(mtimeMs) };
    }
  }

  /** @returns path of the subfolder of a finished file */
  async #createShard(key: FileKey): Promise<string> {
    const files = join(this.#folder, 'files');
    const name = key.slice(0, 2);
    const path = join(files, name);
    if (this.#shards.has(name)) return path;
    const created = await mkdir(path, { recursive: true, mode: 0o700 });
    if (created !== undefined) await syncFolder(files);
    this.#shards.add(name);
    return path;
  }

  #partPath(key: string): string {
    return join(this.#folder, 'parts', key);
  }

  #finishedPath(key: string): string {
    return join(this.#folder, 'files', key.slice(0, 2), key.slice(2));
  }
}

async function readHead(handle: FileHandle): Promise<FileHead | undefined> {
  const bytes = new Uint8Array(HEAD_BYTES);
  const { bytesRead } = await handle.read(bytes, 0, HEAD_BYTES, 0);
  return decodeHead(bytes.subarray(0, bytesRead));
}

async function openIfThere(path: string, flags: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, flags);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

async function unlinkIfThere(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}

/** Syncs a folder; otherwise a power failure may undo a rename. Not needed on Windows, which cannot open folders. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Whether an error of the file system has one of these codes. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && codes.includes(code);
}
