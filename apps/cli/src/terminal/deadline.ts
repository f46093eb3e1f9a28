/** Longest delay of `setTimeout`; a longer one fires at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/**
 * Returns a signal that is aborted after any number of seconds, and does not keep the program running.
 * `AbortSignal.timeout` fires at once above 24.8 days and throws above 49.7 days.
 */
export function deadline(seconds: number): AbortSignal {
  const controller = new AbortController();
  const end = Date.now() + seconds * 1000;
  const wait = (): void => {
    const left = end - Date.now();
    if (left <= 0) {
      controller.abort(new DOMException('the timeout has expired', 'TimeoutError'));
      return;
    }
    setTimeout(wait, Math.min(left, MAX_DELAY_MS)).unref();
  };
  wait();
  return controller.signal;
}
