import { constants } from 'node:os';
import { CommandFailure } from './failure.ts';

/** Exit status of a program that was ended by signal 0; shells add the number of the signal. */
const SIGNAL_EXIT = 128;

/** Ends the running command. */
export interface Interruption {
  readonly signal: AbortSignal;
  /** Aborts `signal` with a reason; only the first call has an effect. */
  readonly end: (reason: CommandFailure) => void;
}

/**
 * Aborts the command on SIGINT and SIGTERM, so that it can finish what it is writing. A second signal exits the process at
 * once.
 */
export function interruption(): Interruption {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      const exit = SIGNAL_EXIT + constants.signals[name];
      if (controller.signal.aborted) process.exit(exit);
      controller.abort(new CommandFailure('interrupted', 'interrupted', { exit }));
    });
  }
  return { signal: controller.signal, end: (reason) => controller.abort(reason) };
}
