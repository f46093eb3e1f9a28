import { type Store, withLock } from '@dimp/core';
import { deferred } from '@dimp/foundation';

/** A lock of a store that is held until it is released. */
export interface HeldLock {
  release(): void;
}

/** Takes a lock of a store. */
export async function holdLock(store: Store, name: string): Promise<HeldLock> {
  const { promise: released, resolve: release } = deferred();
  const { promise: held, resolve: isHeld, reject } = deferred();
  withLock(store, name, () => {
    isHeld();
    return released;
  }).catch(reject);
  await held;
  return { release };
}

/**
 * Runs a task under several locks. A caller that needs more than one takes a common lock first, so that two callers cannot
 * wait for each other.
 */
export async function withLocks<T>(
  store: Store,
  names: ReadonlySet<string>,
  task: () => Promise<T>,
): Promise<T> {
  const held: HeldLock[] = [];
  try {
    if (names.size > 1) held.push(await holdLock(store, SEVERAL_LOCKS));
    for (const name of names) held.push(await holdLock(store, name));
    return await task();
  } finally {
    for (const lock of held) lock.release();
  }
}

/** Lock of callers that hold several locks of services at once. */
export const SEVERAL_LOCKS = 'locks of services';
