import type { Random, Timers } from '@dimp/core';
import type { RetryPolicy } from './retry.ts';

/** Options that uploads and downloads have in common. */
export interface TransferOptions {
  /** Ends the transfer; it throws the signal's reason. */
  readonly signal?: AbortSignal;
  /**
   * Called after each step.
   *
   * @param done - bytes so far
   * @param total - bytes in all, if they are known
   */
  readonly onProgress?: (done: number, total: number | undefined) => void;
  readonly retry?: Partial<RetryPolicy>;
  readonly timers?: Timers;
  readonly random?: Random;
}
