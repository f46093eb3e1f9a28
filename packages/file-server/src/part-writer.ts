import type { FileHandle } from 'node:fs/promises';
import { encodeHead, HEAD_BYTES } from './file-head.ts';

/** Bytes after which what was written is brought to disk, so that a crash costs no more than that. */
const CONFIRM_EVERY = 8 * 1024 * 1024;

/** Writes the bytes of one unfinished file, in order. It counts as written only what the disk has confirmed. */
export class PartWriter {
  readonly #handle: FileHandle;
  #total: number;
  #length: number;
  #confirmed: number;

  /** @param start - bytes that are there already; the file has no more than these */
  constructor(handle: FileHandle, total: number, start: number) {
    this.#handle = handle;
    this.#total = total;
    this.#length = start;
    this.#confirmed = start;
  }

  /** Bytes written so far, those of earlier requests included. */
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

  /** The head says that bytes are there only after they are: a power cut between the two costs a part, not a file. */
  async confirm(): Promise<void> {
    if (this.#length === this.#confirmed) return;
    await this.#handle.datasync();
    await this.#writeHead(this.#length);
    this.#confirmed = this.#length;
  }

  /** Brings everything to disk. What has been written is the whole from now on. */
  async seal(): Promise<void> {
    if (this.#total !== this.#length) {
      this.#total = this.#length;
      await this.#writeHead(this.#confirmed);
    }
    await this.#handle.datasync();
  }

  /** @param now - milliseconds since the epoch; the file's age is counted from here */
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

/** A nearly full disk takes a part of what it is given and says so only at the next call. */
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
