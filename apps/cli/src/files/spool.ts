import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobSource, BlobStore, DownloadOptions, UploadOptions } from '@dimp/core';
import { ProtocolError } from '@dimp/foundation';
import { isSystemError } from '../terminal/failure.ts';
import { unwritable } from '../terminal/files.ts';

/** Bytes that are read or written at a time. */
const PIECE_BYTES = 256 * 1024;
/** Names that stay in the folder. */
const NAME = /^[0-9a-z][0-9a-z.]{0,79}$/;
/** Ending of a file that is not complete. */
const PARTIAL = '.part';
/** Age at which {@link FileSpool.sweep} removes a file. */
const FORGOTTEN_MS = 30 * 86_400_000;

/**
 * Folder of a profile with encrypted files: those that wait to be uploaded, and those that are being downloaded. Their keys are
 * not in it.
 */
export class FileSpool implements BlobStore {
  readonly #folder: string;

  /** @param folder - created with the first file */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Stores the encrypted bytes of a file.
   *
   * @returns `spool:NAME`
   * @throws `file/unwritable`
   */
  async upload(source: BlobSource, { name, signal, onProgress }: UploadOptions): Promise<string> {
    await this.#write(`${name}${PARTIAL}`, 'w', async (file) => {
      for (let start = 0; start < source.size; start += PIECE_BYTES) {
        signal?.throwIfAborted();
        const end = Math.min(start + PIECE_BYTES, source.size);
        await file.writeFile(await source.read(start, end));
        onProgress?.(end);
      }
    });
    await this.#complete(name);
    return `spool:${name}`;
  }

  /** Reads a file that {@link FileSpool.upload} or {@link FileSpool.fetch} has stored. */
  async *download(
    url: string,
    { offset = 0, signal }: DownloadOptions = {},
  ): AsyncGenerator<Uint8Array> {
    await using source = await this.source(url.replace(/^spool:/, ''));
    for (let start = offset; start < source.size; start += PIECE_BYTES) {
      signal?.throwIfAborted();
      yield await source.read(start, Math.min(start + PIECE_BYTES, source.size));
    }
  }

  /** Opens a stored file for reading. @throws `identity/not-found` */
  async source(name: string): Promise<BlobSource & AsyncDisposable> {
    const file = await open(this.#path(name), 'r').catch((error: unknown) => {
      throw isSystemError(error) && error.code === 'ENOENT' ? missing() : error;
    });
    const { size } = await file.stat();
    return {
      size,
      async read(start, end) {
        const bytes = new Uint8Array(end - start);
        const { bytesRead } = await file.read(bytes, 0, bytes.length, start);
        return bytes.subarray(0, bytesRead);
      },
      [Symbol.asyncDispose]: () => file.close(),
    };
  }

  /**
   * Downloads a file into the folder. A file of which a part is here already is continued, also after a restart.
   *
   * @param from - server of the file, and its URL there
   * @throws the codes of `BlobStore.download`; `file/unwritable`
   */
  async fetch(
    name: string,
    from: { readonly blobs: BlobStore; readonly url: string },
    options: Pick<DownloadOptions, 'maxBytes' | 'signal'> & {
      readonly onProgress?: (done: number) => void;
    } = {},
  ): Promise<void> {
    if ((await sizeOf(this.#path(name))) !== undefined) return;
    const partial = `${name}${PARTIAL}`;
    const stored = (await sizeOf(this.#path(partial))) ?? 0;
    // One byte is requested again: servers refuse a request for nothing, which a complete file would be.
    const offset = Math.max(0, stored - 1);
    const { onProgress, ...transfer } = options;
    await this.#write(partial, stored === 0 ? 'w' : 'r+', async (file) => {
      let position = offset;
      for await (const bytes of from.blobs.download(from.url, { ...transfer, offset })) {
        await writeAt(file, bytes, position);
        position += bytes.length;
        onProgress?.(position);
      }
      await file.truncate(position);
    });
    await this.#complete(name);
  }

  /** Removes a file, and a part of it. */
  async remove(name: string): Promise<void> {
    for (const each of [name, `${name}${PARTIAL}`]) await rm(this.#path(each), { force: true });
  }

  /**
   * Removes old downloads that were interrupted, and old files that are not wanted. Call it before the first download, which may
   * go on with one of them.
   */
  async sweep(isWanted: (name: string) => boolean): Promise<void> {
    const names = await readdir(this.#folder).catch(() => []);
    for (const each of names) {
      const name = each.endsWith(PARTIAL) ? each.slice(0, -PARTIAL.length) : each;
      if (!NAME.test(each) || isWanted(name)) continue;
      const path = this.#path(each);
      const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
      if (Date.now() - mtimeMs > FORGOTTEN_MS)
        await rm(path, { force: true }).catch(() => undefined);
    }
  }

  async #write(
    name: string,
    flags: string,
    write: (file: FileHandle) => Promise<void>,
  ): Promise<void> {
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await using file = await open(this.#path(name), flags, 0o600);
      await write(file);
      await file.sync();
    } catch (error) {
      throw isSystemError(error) && 'syscall' in error ? unwritable(this.#folder, error) : error;
    }
  }

  #complete(name: string): Promise<void> {
    return rename(this.#path(`${name}${PARTIAL}`), this.#path(name));
  }

  #path(name: string): string {
    if (!NAME.test(name)) throw missing();
    return join(this.#folder, name);
  }
}

async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const rest = bytes.subarray(done);
    done += (await file.write(rest, 0, rest.length, position + done)).bytesWritten;
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function missing(): ProtocolError<'identity/not-found'> {
  return new ProtocolError('identity/not-found', 'the file is not in the folder of the profile');
}
