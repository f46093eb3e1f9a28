import { ProtocolError } from '@dimp/foundation';

/** How much of the disk the files take, and how much of it is promised to uploads that are running. */
export class DiskUsage {
  readonly #quota: number;
  #stored = 0;
  #promised = 0;

  /** @param quota - most bytes in all */
  constructor(quota: number) {
    this.#quota = quota;
  }

  /** Bytes on disk. */
  get stored(): number {
    return this.#stored;
  }

  /** Files came, or were removed. */
  add(bytes: number): void {
    this.#stored += bytes;
  }

  /** @throws `store/quota` if there is no room for so many bytes more */
  promise(bytes: number): RoomPromise {
    if (this.#stored + this.#promised + bytes > this.#quota) {
      throw new ProtocolError('store/quota', 'file server is full');
    }
    this.#promised += bytes;
    let left = bytes;
    return {
      use: (used) => {
        const part = Math.min(used, left);
        left -= part;
        this.#promised -= part;
        this.#stored += used;
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
