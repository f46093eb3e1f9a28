import { statfs } from 'node:fs/promises';

/** Time between two measurements. */
const INTERVAL_MS = 10_000;

/** Measures the free disk space of the store every few seconds, because measuring for each message would take too long. */
export class FreeSpace implements AsyncDisposable {
  readonly #folder: string;
  readonly #reserve: number;
  readonly #timer: NodeJS.Timeout;
  #bytes: number | undefined;

  private constructor(folder: string, reserve: number) {
    this.#folder = folder;
    this.#reserve = reserve;
    this.#timer = setInterval(() => void this.#measure(), INTERVAL_MS);
    this.#timer.unref();
  }

  /** Measures for the first time. @param reserve - bytes that the store leaves free */
  static async open(folder: string, reserve: number): Promise<FreeSpace> {
    const space = new FreeSpace(folder, reserve);
    await space.#measure();
    return space;
  }

  /** Bytes that the store can still use; undefined if unknown. */
  get bytes(): number | undefined {
    return this.#bytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
  }

  async #measure(): Promise<void> {
    try {
      const { bavail, bsize } = await statfs(this.#folder);
      this.#bytes = Math.max(0, bavail * bsize - this.#reserve);
    } catch {
      this.#bytes = undefined;
    }
  }
}
