import { constants } from 'node:os';
import { CommandFailure } from './failure.ts';

/** Status of a program that a signal ended. */
const BASE = 128;

/**
 * Turns SIGINT and SIGTERM into the end of the command, so that what is being written gets written. The second one ends the
 * program at once.
 */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      const exit = BASE + constants.signals[name];
      if (controller.signal.aborted) process.exit(exit);
      controller.abort(new CommandFailure('interrupted', 'interrupted', { exit }));
    });
  }
  return controller.signal;
}
