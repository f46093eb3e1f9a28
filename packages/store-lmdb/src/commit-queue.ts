import { statfs } from 'node:fs/promises';
import { ProtocolError } from '@dimp/foundation';
import type { Database } from 'lmdb';
import { storeError } from './native-error.ts';
import { PendingWrites, type Plan, type Planner } from './pending-writes.ts';

/** A change that waits for its commit. */
interface Waiting {
  /** Bytes it writes; 0 if it only removes. */
  readonly bytes: number;
  readonly plan: Planner<unknown>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** What a commit writes at most, in bytes, unless a single change is larger: others wait for it. */
const MAX_COMMIT_BYTES = 16 * 1024 * 1024;
/** What a change writes besides its values, in bytes: the page they are on, and what is left over of the last one. */
const OVERHEAD = 8192;

/** Milliseconds after which the system is asked again how much room there is, and the share of it that is used up before. */
const ROOM_AGE = 100;
const ROOM_SHARE = 1 / 16;

/**
 * Commits changes in the order in which they come, one transaction after the other: all that come while one is under way
 * share the next. A commit is written and flushed to the disk before the next begins.
 *
 * What a commit writes is known before LMDB's thread begins with it, so that the thread never waits for this one: a
 * process that ends waits for that thread, and would wait for ever.
 */
export class CommitQueue {
  readonly #records: Database<Uint8Array, Uint8Array>;
  readonly #folder: string;
  readonly #reserve: number;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  /** Bytes that could be written when the system was asked, when that was, and what was written since. */
  #room = 0;
  #askedAt = Number.NEGATIVE_INFINITY;
  #written = 0;
  /** Set when LMDB refuses to write any more. */
  #broken: ProtocolError | undefined;

  /** @param reserve - bytes that stay free on the disk */
  constructor(records: Database<Uint8Array, Uint8Array>, folder: string, reserve: number) {
    this.#records = records;
    this.#folder = folder;
    this.#reserve = reserve;
  }

  /**
   * Makes a change.
   *
   * @param bytes - length of all values it writes at most; undefined if it writes none
   * @param plan - says what is written, when all changes before it are known
   * @returns its result, as soon as that is on the disk
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

  /** Waits until nothing is left to commit. */
  async drained(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    // What else is asked for in this turn is in the queue by then.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#commit(await this.#roomOnDisk());
    this.#running = undefined;
  }

  async #commit(room: number): Promise<void> {
    // Whoever is waiting when nothing is written any more is refused, or the queue would never end.
    const group = this.#broken === undefined ? this.#take(room) : this.#waiting.splice(0);
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

  /** All of it is handed over in one turn of the event loop, so nobody sees a part of it. */
  async #write({ writes }: PendingWrites): Promise<void> {
    await this.#records.batch(() => {
      // Those that belong to a batch have no promises of their own.
      for (const { key, value } of writes) {
        if (value === undefined) void this.#records.remove(key);
        else void this.#records.put(key, value);
      }
    });
  }

  /** Takes the next changes, as many as go together. Those that the disk has no room for are refused. */
  #take(room: number): readonly Waiting[] {
    const group: Waiting[] = [];
    let total = 0;
    let count = 0;
    for (const change of this.#waiting) {
      if (total > 0 && total + change.bytes > MAX_COMMIT_BYTES) break;
      count += 1;
      // LMDB may end the process when the disk is full, so it must not come to that.
      if (change.bytes > 0 && total + change.bytes > room) change.reject(noRoom());
      else {
        group.push(change);
        total += change.bytes;
      }
    }
    this.#waiting = this.#waiting.slice(count);
    this.#written += total;
    return group;
  }

  /** Bytes that may still be written. The system is not asked before every commit while there is plenty of room. */
  async #roomOnDisk(): Promise<number> {
    const now = performance.now();
    const fresh = now - this.#askedAt < ROOM_AGE && this.#written < this.#room * ROOM_SHARE;
    if (!fresh) {
      this.#room = await this.#askForRoom();
      this.#askedAt = now;
      this.#written = 0;
    }
    return this.#room - this.#written;
  }

  async #askForRoom(): Promise<number> {
    try {
      const { bavail, bsize } = await statfs(this.#folder);
      return bavail * bsize - this.#reserve;
    } catch {
      // Some file systems do not say.
      return Number.POSITIVE_INFINITY;
    }
  }

  /** Finds out whether LMDB still writes: after some failures it does not, and would never answer. */
  #probe(): void {
    if (this.#broken !== undefined) return;
    try {
      this.#records.transactionSync(() => {});
    } catch (error) {
      this.#broken = storeError('writing', error);
    }
  }
}

/** LMDB's binding keeps the reason of a failed commit in a promise. */
async function causeOf(error: unknown): Promise<unknown> {
  if (typeof error !== 'object' || error === null || !('commitError' in error)) return error;
  try {
    await error.commitError;
    return error;
  } catch (cause) {
    return cause;
  }
}

function noRoom(): ProtocolError<'store/quota'> {
  return new ProtocolError('store/quota', 'the disk has too little room');
}
