import type { Store } from '@dimp/core';
import { isProtocolError, type MaybePromise, ProtocolError } from '@dimp/foundation';

/** Wraps a store so that its errors name its folder: "writing failed" alone does not say which disk is full. */
export function locatedStore(store: Store, folder: string): Store {
  const located = async <T>(task: () => MaybePromise<T>): Promise<T> => {
    try {
      return await task();
    } catch (error) {
      throw withLocation(error, folder);
    }
  };
  return {
    capabilities: store.capabilities,
    get: (key) => located(() => store.get(key)),
    set: (key, value) => located(() => store.set(key, value)),
    delete: (key) => located(() => store.delete(key)),
    async *list(prefix) {
      try {
        yield* store.list(prefix);
      } catch (error) {
        throw withLocation(error, folder);
      }
    },
    batch: (changes) => located(() => store.batch(changes)),
    compareAndSet: (key, expected, value) =>
      located(() => store.compareAndSet(key, expected, value)),
    close: () => located(() => store.close()),
    [Symbol.asyncDispose]: () => located(() => store.close()),
  };
}

/** Adds the folder to the message of an error of the disk; returns other errors unchanged. */
export function withLocation(error: unknown, folder: string): unknown {
  if (!isProtocolError(error)) return error;
  const { code, message, details } = error;
  const isDiskError = ['store/unavailable', 'store/quota', 'store/corrupt'].includes(code);
  if (!isDiskError || message.includes(folder)) return error;
  return new ProtocolError(code, `${message}: ${folder}`, { details, cause: error });
}
