import { ProtocolError } from '@dimp/foundation';

/** Bytes that each file counts more than its length; otherwise empty files would fill the disk. */
export const FILE_COST: number = 16 * 1024;

/** Disk space used by files and reserved for running uploads. */
export class DiskUsage {
  readonly #quota: number;
  #bytes = 0;
  #files = 0;
  #promised = 0;

  /** @param quota - maximum bytes, including {@link FILE_COST} for each file */
  constructor(quota: number) {
    this.#quota = quota;
  }

  /** Bytes of all files. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Counts added bytes and files; negative numbers for removed ones. */
  add(bytes: number, files: number): void {
    this.#bytes += bytes;
    this.#files += files;
  }

  /**
   * Reserves room for a file.
   *
   * @throws `store/quota` if there is not enough
   */
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

/** Reserved room for an upload. Disposing of it releases the unused part. */
export interface RoomPromise extends Disposable {
  /** Counts written bytes. */
  use(bytes: number): void;
}
