import type { FileHandle } from 'node:fs/promises';
import { encodeHead, HEAD_BYTES } from './file-head.ts';

/** Bytes after which the file is synced: a crash loses at most that many. */
const CONFIRM_EVERY = 8 * 1024 * 1024;

/** Writes the bytes of one unfinished file in order. Only synced bytes count as confirmed. */
export class PartWriter {
  readonly #handle: FileHandle;
  #total: number;
  #length: number;
  #confirmed: number;

  /** @param start - current length of the file */
  constructor(handle: FileHandle, total: number, start: number) {
    this.#handle = handle;
    this.#total = total;
    this.#length = start;
    this.#confirmed = start;
  }

  /** Bytes written so far, including those of earlier requests. */
  get length(): number {
    return this.#length;
  }

  get total(): number {
    return this.#total;
  }

  /** @throws `RangeError` beyond the total; the error of the file system */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#length + bytes.length > this.#total)
      throw new RangeError('the file is longer than announced');
    await writeAll(this.#handle, bytes, HEAD_BYTES + this.#length);
    this.#length += bytes.length;
    if (this.#length - this.#confirmed >= CONFIRM_EVERY) await this.confirm();
  }

  /** Syncs the bytes, then confirms them in the head: a power failure between the two loses a part, not the file. */
  async confirm(): Promise<void> {
    if (this.#length === this.#confirmed) return;
    await this.#handle.datasync();
    await this.#writeHead(this.#length);
    this.#confirmed = this.#length;
  }

  /** Syncs everything, and makes the written length the total. */
  async seal(): Promise<void> {
    if (this.#total !== this.#length) {
      this.#total = this.#length;
      await this.#writeHead(this.#confirmed);
    }
    await this.#handle.datasync();
  }

  /** @param now - milliseconds since the epoch, from which the age of the file is counted */
  async close(now: number): Promise<void> {
    try {
      await this.#handle.utimes(now / 1000, now / 1000);
    } finally {
      await this.#handle.close();
    }
  }

  async #writeHead(confirmed: number): Promise<void> {
    await writeAll(this.#handle, encodeHead({ total: this.#total, confirmed }), 0);
  }
}

/** Writes all bytes. A nearly full disk writes only a part of them, and fails at the next call. */
export async function writeAll(
  handle: FileHandle,
  bytes: Uint8Array,
  position: number,
): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
