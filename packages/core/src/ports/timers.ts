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

/** Longest delay that platforms keep, in milliseconds: 2³¹ − 1, 24 days. A longer one would end at once. */
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
