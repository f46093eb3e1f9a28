import { disposeSymbol, type MaybePromise } from '@dimp/foundation';

/** Lets something happen later; a simulation puts its own in. */
export interface Timers {
  /**
   * Runs a task once.
   *
   * @param delay - milliseconds from now
   * @returns a handle that calls it off when it is disposed
   */
  after(delay: number, task: () => MaybePromise<void>): Disposable;
}

/** Longest delay that platforms keep: 2³¹ − 1 ms, 24 days. What is longer is cut. */
const LONGEST = 2_147_483_647;

/** The platform's timers. */
export const systemTimers: Timers = {
  after(delay, task) {
    const timer = setTimeout(() => void task(), Math.min(Math.max(delay, 0), LONGEST));
    return {
      [disposeSymbol]: () => clearTimeout(timer),
    };
  },
};
