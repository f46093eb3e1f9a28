import { disposeSymbol } from '@dimp/foundation';
import type { Timers } from './timers.ts';

/**
 * Waits for a time.
 *
 * @param delayMs - milliseconds
 * @throws the signal's reason if it aborts first
 */
export function sleep(delayMs: number, timers: Timers, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason);
    const abort = (): void => {
      timer[disposeSymbol]();
      reject(signal?.reason);
    };
    const timer = timers.after(delayMs, () => {
      signal?.removeEventListener('abort', abort);
      resolve();
    });
    signal?.addEventListener('abort', abort, { once: true });
  });
}
