import { setTimeout as pause } from 'node:timers/promises';
import { DEFAULT_RETRY_POLICY, downloadFile, type FileLocation } from '@dimp/client/files';
import type { BlobStore } from '@dimp/core';
import { sha256 } from '@dimp/crypto/digests';
import { definedOnly, encodeHex, isProtocolError, utf8Encode } from '@dimp/foundation';
import { safeName, saveFile } from './saved-file.ts';
import type { FileSpool } from './spool.ts';

/** Options for {@link Downloads.save}. */
export interface SaveFileOptions {
  readonly folder: string;
  /** Fetches the file, from the servers that are allowed. */
  readonly blobs: BlobStore;
  readonly signal?: AbortSignal;
  /** Called with the number of bytes that are here. */
  readonly onProgress?: (done: number, total: number | undefined) => void;
}

/** Limit for the encrypted bytes of a file whose sender does not say how long it is. */
const MAX_BYTES = 4 * 1024 ** 3;

/**
 * Downloads files. The encrypted bytes are kept in the folder of the profile until the file is saved, so an interrupted download
 * goes on where it stopped, also after a restart.
 */
export class Downloads {
  readonly #spool: FileSpool;
  /** Downloads that are running, by name in the spool. */
  readonly #running = new Map<string, Promise<void>>();

  constructor(spool: FileSpool) {
    this.#spool = spool;
  }

  /**
   * Downloads and verifies a file, and saves it in a folder under a new name. Never overwrites a file, and never shows a file
   * before it is verified.
   *
   * @returns path of the file
   * @throws the codes of `downloadFile`; `file/unwritable`; the reason of `signal`
   */
  async save(location: FileLocation, options: SaveFileOptions): Promise<string> {
    const { folder, signal } = options;
    const write = (from: FileLocation): Promise<string> =>
      saveFile(
        folder,
        safeName(location.filename),
        downloadFile(this.#spool, from, definedOnly({ signal })),
      );
    const { URL: url } = location;
    if (location.data !== undefined || url === undefined) return write(location);
    const name = `${encodeHex(sha256(utf8Encode(url)))}.in`;
    await this.#fetched(name, url, location.size, options);
    try {
      const path = await write({ ...location, URL: `spool:${name}` });
      await this.#spool.remove(name);
      return path;
    } catch (error) {
      // Another file may be there the next time.
      if (isProtocolError(error, 'crypto/decrypt')) await this.#spool.remove(name);
      throw error;
    }
  }

  /** Fetches a file into the spool. Waits for the same download if it is running. */
  async #fetched(
    name: string,
    url: string,
    size: number | undefined,
    options: SaveFileOptions,
  ): Promise<void> {
    for (
      let other = this.#running.get(name);
      other !== undefined;
      other = this.#running.get(name)
    ) {
      await other.catch(() => undefined);
    }
    const fetching = this.#fetch(name, url, size, options).finally(() =>
      this.#running.delete(name),
    );
    this.#running.set(name, fetching);
    await fetching;
  }

  async #fetch(
    name: string,
    url: string,
    size: number | undefined,
    { blobs, signal, onProgress }: SaveFileOptions,
  ): Promise<void> {
    // An encrypted file is longer by a padding, or by a few bytes for each part of it.
    const maxBytes = size === undefined ? MAX_BYTES : Math.ceil(size * 1.01) + 65_536;
    const { attempts, firstAfter } = DEFAULT_RETRY_POLICY;
    let furthest = 0;
    let failures = 0;
    const report = (done: number): void => {
      if (done > furthest) failures = 0;
      furthest = Math.max(furthest, done);
      onProgress?.(size === undefined ? done : Math.min(done, size), size);
    };
    for (;;) {
      try {
        const transfer = { maxBytes, onProgress: report, ...definedOnly({ signal }) };
        await this.#spool.fetch(name, { blobs, url }, transfer);
        return;
      } catch (error) {
        signal?.throwIfAborted();
        failures += 1;
        if (!isProtocolError(error) || !error.retryable || failures >= attempts) throw error;
        await pause(firstAfter * 2 ** (failures - 1), undefined, definedOnly({ signal }));
      }
    }
  }
}
