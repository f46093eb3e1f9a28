/** Longest pause of a timer of the platform, in milliseconds: a longer one would end at once. */
const LONGEST_PAUSE = 2 ** 31 - 1;

/**
 * A signal that is aborted after some seconds, however many; it keeps no program running. `AbortSignal.timeout` fires at
 * once above 24.8 days, and throws above 49.7.
 */
export function deadline(seconds: number): AbortSignal {
  const controller = new AbortController();
  const end = Date.now() + seconds * 1000;
  const wait = (): void => {
    const left = end - Date.now();
    if (left <= 0) {
      controller.abort(new DOMException('the time is over', 'TimeoutError'));
      return;
    }
    setTimeout(wait, Math.min(left, LONGEST_PAUSE)).unref();
  };
  wait();
  return controller.signal;
}
