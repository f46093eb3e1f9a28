import { statfs } from 'node:fs/promises';

/** How often the disk is asked, in milliseconds. */
const INTERVAL = 10_000;

/** Knows how much room the disk of the store has, as of some seconds ago: asking takes longer than a message may. */
export class DiskRoom implements AsyncDisposable {
  readonly #folder: string;
  readonly #reserve: number;
  readonly #timer: NodeJS.Timeout;
  #bytes: number | undefined;

  private constructor(folder: string, reserve: number) {
    this.#folder = folder;
    this.#reserve = reserve;
    this.#timer = setInterval(() => void this.#ask(), INTERVAL);
    this.#timer.unref();
  }

  /** @param reserve - bytes that the store leaves free */
  static async open(folder: string, reserve: number): Promise<DiskRoom> {
    const room = new DiskRoom(folder, reserve);
    await room.#ask();
    return room;
  }

  /** Bytes that the store may still take; undefined if the disk does not tell. */
  get bytes(): number | undefined {
    return this.#bytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
  }

  async #ask(): Promise<void> {
    try {
      const { bavail, bsize } = await statfs(this.#folder);
      this.#bytes = Math.max(0, bavail * bsize - this.#reserve);
    } catch {
      this.#bytes = undefined;
    }
  }
}
