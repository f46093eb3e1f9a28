import { ProtocolError } from '@dimp/foundation';

/** What a file counts besides its bytes: without it, empty files would fill a disk for nothing. */
export const FILE_COST: number = 16 * 1024;

/** How much of the disk the files take, and how much of it is promised to uploads that are running. */
export class DiskUsage {
  readonly #quota: number;
  #bytes = 0;
  #files = 0;
  #promised = 0;

  /** @param quota - most bytes in all, {@link FILE_COST} of each file included */
  constructor(quota: number) {
    this.#quota = quota;
  }

  /** Bytes of all files. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Files came, or grew; below 0: were removed, or cut. */
  add(bytes: number, files: number): void {
    this.#bytes += bytes;
    this.#files += files;
  }

  /** @throws `store/quota` if there is no room for a file of so many bytes */
  promise(bytes: number): RoomPromise {
    let left = bytes + FILE_COST;
    if (this.#bytes + this.#files * FILE_COST + this.#promised + left > this.#quota) {
      throw new ProtocolError('store/quota', 'the file server has no room left');
    }
    this.#promised += left;
    return {
      use: (used) => {
        const part = Math.min(used, left);
        left -= part;
        this.#promised -= part;
        this.#bytes += used;
      },
      [Symbol.dispose]: () => {
        this.#promised -= left;
        left = 0;
      },
    };
  }
}

/** Room for an upload; what it did not use is free again when this is disposed. */
export interface RoomPromise extends Disposable {
  /** Bytes have been written. */
  use(bytes: number): void;
}
