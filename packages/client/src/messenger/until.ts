/** Iterates until a signal aborts. Then the iteration ends, even while it waits for the next item. */
export async function* until<T>(items: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await unlessAborted(() => iterator.next(), signal);
      if (next === undefined || next.done) return;
      yield next.value;
    }
  } finally {
    // Not waited for: `return` may queue behind a `next` that never settles.
    void Promise.resolve(iterator.return?.()).catch(() => undefined);
  }
}

/** @returns undefined if the signal aborts first */
function unlessAborted<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  if (signal.aborted) return Promise.resolve(undefined);
  return new Promise((resolve, reject) => {
    const abort = (): void => resolve(undefined);
    signal.addEventListener('abort', abort, { once: true });
    task()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', abort));
  });
}
