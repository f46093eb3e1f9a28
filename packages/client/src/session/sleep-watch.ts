import type { Clock, Timers } from '@dimp/core';
import { disposeSymbol, type Handle, makeHandle } from '@dimp/foundation';

/** How often the clock is checked, and the delay that counts as a sleep. */
const CHECK_INTERVAL_MS = 10_000;
const SLEEP_MS = 30_000;

/**
 * Detects that the computer has slept, because a timer fires much too late. Connections are dead then, without an
 * error.
 *
 * @param onWake - called after the computer has woken up, and also after the clock was set forward, which does no harm
 * @returns a handle that ends the watch
 */
export function watchSleep(clock: Clock, timers: Timers, onWake: () => void): Handle {
  let timer: Disposable | undefined;
  const next = (): void => {
    const planned = clock.now() + CHECK_INTERVAL_MS;
    timer = timers.after(CHECK_INTERVAL_MS, () => {
      const late = clock.now() - planned;
      next();
      if (late > SLEEP_MS) onWake();
    });
  };
  next();
  return makeHandle(() => timer?.[disposeSymbol]());
}
