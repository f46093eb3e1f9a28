import { deferred, raceAbort } from '@dimp/foundation';
import type { Store } from './store.ts';
import { subStoreOrigin } from './sub-store.ts';

/** Who waits, by store and name: the promise settles when the last one is done. */
const QUEUES = /* @__PURE__ */ new WeakMap<Store, Map<string, Promise<void>>>();

/**
 * Runs a task while nobody else who uses a store runs one under the same name, and waits its turn first: over all tabs
 * if the store is shared, else within this program. A task must not wait for a lock of its own name.
 *
 * @param signal - ends the waiting with its reason; a task that has begun goes on
 * @returns what the task returns
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
  // Two views of one part are two objects, but one part.
  if (origin !== undefined) {
    return withLock(origin.store, `${JSON.stringify(origin.prefix)} ${name}`, task, signal);
  }
  signal?.throwIfAborted();
  const queues = QUEUES.get(store) ?? new Map<string, Promise<void>>();
  QUEUES.set(store, queues);
  const before = queues.get(name);
  const { promise: released, resolve: release } = deferred();
  // A caller that gives up does not let the later ones in: the earlier ones are still running.
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
