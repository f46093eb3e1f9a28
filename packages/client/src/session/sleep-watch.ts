import type { Clock, Timers } from '@dimp/core';
import { disposeSymbol, type Handle, makeHandle } from '@dimp/foundation';

/** How often the clock is looked at, and how much too late makes it a sleep, in milliseconds. */
const INTERVAL = 10_000;
const SLEEP = 30_000;

/**
 * Notices that the computer has slept: a timer fires much later than it was planned for. Connections are dead then,
 * although nothing says so.
 *
 * @param onWake - called after it has woken up; also after the clock was set forward, which does no harm
 * @returns a handle that ends the watch
 */
export function watchSleep(clock: Clock, timers: Timers, onWake: () => void): Handle {
  let timer: Disposable | undefined;
  const next = (): void => {
    const planned = clock.now() + INTERVAL;
    timer = timers.after(INTERVAL, () => {
      const late = clock.now() - planned;
      next();
      if (late > SLEEP) onWake();
    });
  };
  next();
  return makeHandle(() => timer?.[disposeSymbol]());
}
