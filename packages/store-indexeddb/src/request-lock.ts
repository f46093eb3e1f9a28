/**
 * Runs a task while this tab has a lock of the browser, and waits its turn first.
 *
 * The browser is told of the signal, but does not decide when the waiting ends: in Chromium 156 the first request of a
 * page that is aborted at once never settles, and is granted later. What is granted after the signal is given back at
 * once.
 *
 * @param signal - ends the waiting with its reason; a task that has begun goes on
 * @returns what the task returns
 */
export function requestLock<T>(
  name: string,
  task: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  signal.throwIfAborted();
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    const granted = async (): Promise<void> => {
      if (signal.aborted) return;
      signal.removeEventListener('abort', abort);
      // The browser keeps the lock until the task is done, however it ends.
      await task().then(resolve, reject);
    };
    navigator.locks.request(name, { signal }, granted).catch((error: unknown) => {
      signal.removeEventListener('abort', abort);
      reject(error);
    });
  });
}
