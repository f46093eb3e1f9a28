import { deferred, raceAbort } from '@dimp/foundation';
import type { Store } from './store.ts';
import { subStoreOrigin } from './sub-store.ts';

/** Queues by store and name. The promise settles when the last task is finished. */
const QUEUES = /* @__PURE__ */ new WeakMap<Store, Map<string, Promise<void>>>();

/**
 * Runs a task under a named lock of a store: across all tabs if the store is shared, else within this program. Tasks run in the
 * order of the calls. A task must not wait for its own lock.
 *
 * @param signal - ends the wait with its reason; a running task continues
 * @returns the result of the task
 *
 * @example
 * ```ts
 * await withLock(store, 'outbox', async () => {
 *   if ((await store.get(path)) === undefined) await store.batch(changes);
 * });
 * ```
 */
export async function withLock<T>(
  store: Store,
  name: string,
  task: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  if (store.sharing !== undefined) return store.sharing.lock(name, task, signal);
  const origin = subStoreOrigin(store);
  // Two views of the same part are different objects but share the lock.
  if (origin !== undefined) {
    return withLock(origin.store, `${JSON.stringify(origin.prefix)} ${name}`, task, signal);
  }
  signal?.throwIfAborted();
  const queues = QUEUES.get(store) ?? new Map<string, Promise<void>>();
  QUEUES.set(store, queues);
  const before = queues.get(name);
  const { promise: released, resolve: release } = deferred();
  // If a caller gives up, later callers still wait for the earlier tasks.
  const last = before === undefined ? released : before.then(() => released);
  queues.set(name, last);
  void last.then(() => {
    if (queues.get(name) === last) queues.delete(name);
  });
  try {
    if (before !== undefined) await raceAbort(before, signal);
    return await task();
  } finally {
    release();
  }
}
