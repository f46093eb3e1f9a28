/**
 * Waits for a lock of the browser, and runs a task while this tab holds it.
 *
 * The browser gets the signal, but does not decide when the waiting ends: in Chromium 156, the first request of a page
 * that is aborted at once never settles and is granted later. A lock that is granted after the signal is released at
 * once.
 *
 * @param signal - ends the waiting with its reason; a running task continues
 * @returns the result of the task
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
      // The browser holds the lock until the task settles.
      await task().then(resolve, reject);
    };
    navigator.locks.request(name, { signal }, granted).catch((error: unknown) => {
      signal.removeEventListener('abort', abort);
      reject(error);
    });
  });
}
