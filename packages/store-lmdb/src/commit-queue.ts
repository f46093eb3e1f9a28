import { statfs } from 'node:fs/promises';
import { ProtocolError } from '@dimp/foundation';
import type { Database } from 'lmdb';
import { storeError } from './native-error.ts';
import { PendingWrites, type Plan, type Planner } from './pending-writes.ts';

/** Change that waits for its commit. */
interface Waiting {
  /** Bytes that it writes; 0 if it only deletes. */
  readonly bytes: number;
  readonly plan: Planner<unknown>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Most bytes of one commit, unless a single change is larger. Other changes wait for the commit. */
const MAX_COMMIT_BYTES = 16 * 1024 * 1024;
/** Bytes that a change writes besides its values: the page of its entries, and the unused rest of the last page. */
const OVERHEAD = 8192;

/** The free space is read again after this time, or after this share of it was written. */
const FREE_SPACE_AGE_MS = 100;
const FREE_SPACE_SHARE = 1 / 16;

/**
 * Commits changes in order, one transaction after the other. Changes that are added during a commit share the next one.
 * A commit is written and flushed to the disk before the next one starts.
 *
 * Everything that a commit writes is known before LMDB's writer thread starts, so that the writer thread never waits for
 * this thread. A process that exits joins the writer thread, and the two would block each other forever.
 */
export class CommitQueue {
  readonly #records: Database<Uint8Array, Uint8Array>;
  readonly #folder: string;
  readonly #reserve: number;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  /** Free space when it was last read, the time of that read, and the bytes written since. */
  #freeBytes = 0;
  #readAtMs = Number.NEGATIVE_INFINITY;
  #writtenBytes = 0;
  /** Set once LMDB refuses all further writes. */
  #broken: ProtocolError | undefined;

  /** @param reserve - bytes to leave free on the disk */
  constructor(records: Database<Uint8Array, Uint8Array>, folder: string, reserve: number) {
    this.#records = records;
    this.#folder = folder;
    this.#reserve = reserve;
  }

  /**
   * Adds a change.
   *
   * @param bytes - maximum length of all values that it writes; undefined if it writes none
   * @param plan - returns the writes, once all earlier changes are known
   * @returns the result of the plan, once the change is on the disk
   */
  add<T>(bytes: number | undefined, plan: Planner<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({
        bytes: bytes === undefined ? 0 : bytes + OVERHEAD,
        plan,
        resolve: resolve as (result: unknown) => void,
        reject,
      });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when the queue is empty. */
  async drained(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    // Changes that are added in this turn of the event loop share the commit.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#commit(await this.#availableBytes());
    this.#running = undefined;
  }

  async #commit(available: number): Promise<void> {
    // Once LMDB refuses to write, all waiting changes are rejected. Otherwise the queue would never become empty.
    const group = this.#broken === undefined ? this.#take(available) : this.#waiting.splice(0);
    let plans: readonly Plan<unknown>[] = [];
    try {
      if (this.#broken !== undefined) throw this.#broken;
      const pending = new PendingWrites(this.#records);
      plans = group.map(({ plan }) => pending.add(plan));
      if (pending.writes.length > 0) await this.#write(pending);
    } catch (error) {
      const cause = await causeOf(error);
      for (const { reject } of group) reject(storeError('writing', cause));
      this.#probe();
      return;
    }
    for (const [index, { resolve }] of group.entries()) resolve(plans[index]?.result);
  }

  /** Adds all writes in one turn of the event loop, so that no reader sees a part of them. */
  async #write({ writes }: PendingWrites): Promise<void> {
    await this.#records.batch(() => {
      // Writes inside a batch have no promises of their own.
      for (const { key, value } of writes) {
        if (value === undefined) void this.#records.remove(key);
        else void this.#records.put(key, value);
      }
    });
  }

  /** Removes the changes of the next commit from the queue. Rejects those that the disk does not have space for. */
  #take(available: number): readonly Waiting[] {
    const group: Waiting[] = [];
    let total = 0;
    let count = 0;
    for (const change of this.#waiting) {
      if (total > 0 && total + change.bytes > MAX_COMMIT_BYTES) break;
      count += 1;
      // LMDB may abort the process when the disk is full.
      if (change.bytes > 0 && total + change.bytes > available) change.reject(diskFull());
      else {
        group.push(change);
        total += change.bytes;
      }
    }
    this.#waiting = this.#waiting.slice(count);
    this.#writtenBytes += total;
    return group;
  }

  /** Bytes that can still be written. The free space is not read before each commit while there is plenty. */
  async #availableBytes(): Promise<number> {
    const now = performance.now();
    const fresh =
      now - this.#readAtMs < FREE_SPACE_AGE_MS &&
      this.#writtenBytes < this.#freeBytes * FREE_SPACE_SHARE;
    if (!fresh) {
      this.#freeBytes = await this.#readFreeBytes();
      this.#readAtMs = now;
      this.#writtenBytes = 0;
    }
    return this.#freeBytes - this.#writtenBytes;
  }

  async #readFreeBytes(): Promise<number> {
    try {
      const { bavail, bsize } = await statfs(this.#folder);
      return bavail * bsize - this.#reserve;
    } catch {
      // Some file systems do not report their free space.
      return Number.POSITIVE_INFINITY;
    }
  }

  /** Checks that LMDB still writes. After some failures it does not, and later commits would never settle. */
  #probe(): void {
    if (this.#broken !== undefined) return;
    try {
      this.#records.transactionSync(() => {});
    } catch (error) {
      this.#broken = storeError('writing', error);
    }
  }
}

/** The reason of a failed commit. LMDB's binding keeps it in a promise. */
async function causeOf(error: unknown): Promise<unknown> {
  if (typeof error !== 'object' || error === null || !('commitError' in error)) return error;
  try {
    await error.commitError;
    return error;
  } catch (cause) {
    return cause;
  }
}

function diskFull(): ProtocolError<'store/quota'> {
  return new ProtocolError('store/quota', 'the disk does not have enough free space');
}
