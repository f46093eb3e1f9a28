import type { Store } from '@dimp/core';
import { isProtocolError, type MaybePromise, ProtocolError } from '@dimp/foundation';

/** A store whose failures say where it lies: "writing failed" alone does not tell which disk is full. */
export function locatedStore(store: Store, folder: string): Store {
  const placed = async <T>(task: () => MaybePromise<T>): Promise<T> => {
    try {
      return await task();
    } catch (error) {
      throw withLocation(error, folder);
    }
  };
  return {
    capabilities: store.capabilities,
    get: (key) => placed(() => store.get(key)),
    set: (key, value) => placed(() => store.set(key, value)),
    delete: (key) => placed(() => store.delete(key)),
    async *list(prefix) {
      try {
        yield* store.list(prefix);
      } catch (error) {
        throw withLocation(error, folder);
      }
    },
    batch: (changes) => placed(() => store.batch(changes)),
    compareAndSet: (key, expected, value) =>
      placed(() => store.compareAndSet(key, expected, value)),
    close: () => placed(() => store.close()),
    [Symbol.asyncDispose]: () => placed(() => store.close()),
  };
}

/** The same failure with the folder in its message, if it is one of the disk. */
export function withLocation(error: unknown, folder: string): unknown {
  if (!isProtocolError(error)) return error;
  const { code, message, details } = error;
  const isOfDisk = ['store/unavailable', 'store/quota', 'store/corrupt'].includes(code);
  if (!isOfDisk || message.includes(folder)) return error;
  return new ProtocolError(code, `${message}: ${folder}`, { details, cause: error });
}
