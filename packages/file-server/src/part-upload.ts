import type { RoomPromise } from './disk-usage.ts';
import type { FileContext } from './file-context.ts';
import { hasCode } from './file-disk.ts';
import type { FileKey } from './file-names.ts';
import type { PartWriter } from './part-writer.ts';

/** A request that writes to an unfinished file. It ends with `keep`, `discard` or `finish`. */
export class PartUpload {
  readonly #context: FileContext;
  readonly #part: FileKey;
  readonly #writer: PartWriter;
  readonly #room: RoomPromise;

  private constructor(context: FileContext, part: FileKey, writer: PartWriter, room: RoomPromise) {
    this.#context = context;
    this.#part = part;
    this.#writer = writer;
    this.#room = room;
  }

  /**
   * Opens the unfinished file.
   *
   * @param before - its current length; undefined if it does not exist
   * @param start - number of bytes to keep
   */
  static async begin(
    context: FileContext,
    part: FileKey,
    room: RoomPromise,
    { total, start, before }: { total: number; start: number; before: number | undefined },
  ): Promise<PartUpload> {
    const { disk, usage } = context;
    let writer: PartWriter;
    try {
      writer = await disk.writePart(part, total, start);
    } catch (error) {
      if ((await disk.removePart(part)) && before !== undefined) usage.add(-before, -1);
      throw error;
    }
    usage.add(start - (before ?? 0), before === undefined ? 1 : 0);
    return new PartUpload(context, part, writer, room);
  }

  /** Length of the file, including the bytes of earlier requests. */
  get length(): number {
    return this.#writer.length;
  }

  get isComplete(): boolean {
    return this.#writer.length === this.#writer.total;
  }

  /** @throws `RangeError` beyond the announced length; the error of the file system */
  async write(bytes: Uint8Array): Promise<void> {
    await this.#writer.write(bytes);
    this.#room.use(bytes.length);
  }

  /** Keeps the file for a later request. */
  async keep(): Promise<void> {
    try {
      await this.#writer.confirm();
      await this.#writer.close(this.#context.clock.now());
    } catch (error) {
      await this.discard();
      throw error;
    }
  }

  /** Removes the file. */
  async discard(): Promise<void> {
    const { clock, disk, usage } = this.#context;
    await this.#writer.close(clock.now()).catch(() => undefined);
    if (await disk.removePart(this.#part)) usage.add(-this.#writer.length, -1);
  }

  /** Turns the file into a finished one. */
  async finish(key: FileKey): Promise<void> {
    try {
      await this.#writer.seal();
      await this.#writer.close(this.#context.clock.now());
      await this.#context.disk.finish(this.#part, key);
    } catch (error) {
      await this.discard();
      throw error;
    }
  }
}

/** Returns the HTTP status for an error of the file system: 507 if there is no room (RFC 4918 §11.5). */
export function diskStatus(error: unknown): 500 | 507 {
  return hasCode(error, 'ENOSPC', 'EDQUOT', 'EFBIG') ? 507 : 500;
}
