import { disposeSymbol, type MaybePromise } from '@dimp/foundation';

/** Runs tasks later. Simulations replace it. */
export interface Timers {
  /**
   * Runs a task once.
   *
   * @param delay - milliseconds from now
   * @returns a handle that cancels the task when it is disposed
   */
  after(delay: number, task: () => MaybePromise<void>): Disposable;
}

/** Longest delay of platform timers, 2³¹ − 1 milliseconds or 24 days. A longer one would fire at once. */
const LONGEST = 2_147_483_647;

/** The platform's timers. A delay may have any length. */
export const systemTimers: Timers = {
  after(delay, task) {
    let timer: ReturnType<typeof setTimeout>;
    const wait = (left: number): void => {
      const next = left > LONGEST ? () => wait(left - LONGEST) : () => void task();
      timer = setTimeout(next, Math.min(Math.max(left, 0), LONGEST));
    };
    wait(delay);
    return {
      [disposeSymbol]: () => clearTimeout(timer),
    };
  },
};
