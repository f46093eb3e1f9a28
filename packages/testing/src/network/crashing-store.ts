import type { Store } from '@dimp/core';
import { asyncDisposeSymbol, type MaybePromise, ProtocolError } from '@dimp/foundation';

/** When a {@link CrashingStore} crashes. */
export interface CrashOptions {
  /** How many more writes succeed. */
  readonly afterWrites: number;
  /** Whether the write after them is made without an answer: real crashes happen before and after a write. */
  readonly unacknowledged?: boolean;
}

/** A store whose program can be killed. */
export interface CrashingStore extends Store {
  /** Kills the program that uses the store: after some more writes, every call fails. */
  crash(options?: CrashOptions): void;
  readonly crashed: boolean;
}

/**
 * Puts a crash between a program and its store: after it, all calls fail with `store/unavailable`, as if the process were
 * gone. The store itself remains for the next run.
 */
export function crashingStore(inner: Store): CrashingStore {
  let left = Number.POSITIVE_INFINITY;
  let unacknowledged = false;
  let crashed = false;
  const gone = (): never => {
    throw new ProtocolError('store/unavailable', 'the program was killed');
  };
  /** A killed program does not get answers to earlier calls either. */
  const alive = async <T>(task: () => MaybePromise<T>): Promise<T> => {
    const answer = await task();
    return crashed ? gone() : answer;
  };
  const read = async <T>(task: () => MaybePromise<T>): Promise<T> =>
    crashed ? gone() : alive(task);
  const write = async <T>(task: () => MaybePromise<T>): Promise<T> => {
    if (crashed) return gone();
    if (left > 0) {
      left -= 1;
      return alive(task);
    }
    crashed = true;
    if (unacknowledged) await task();
    return gone();
  };
  return {
    capabilities: inner.capabilities,
    ...(inner.sharing === undefined ? {} : { sharing: inner.sharing }),
    get: (key) => read(() => inner.get(key)),
    async *list(prefix) {
      if (crashed) gone();
      for await (const entry of inner.list(prefix)) {
        if (crashed) gone();
        yield entry;
      }
      if (crashed) gone();
    },
    set: (key, value) => write(() => inner.set(key, value)),
    delete: (key) => write(() => inner.delete(key)),
    batch: (changes) => write(() => inner.batch(changes)),
    compareAndSet: (key, expected, value) => write(() => inner.compareAndSet(key, expected, value)),
    crash(options) {
      if (options === undefined) crashed = true;
      else {
        left = options.afterWrites;
        unacknowledged = options.unacknowledged ?? false;
      }
    },
    get crashed() {
      return crashed;
    },
    async close() {},
    async [asyncDisposeSymbol]() {},
  };
}
