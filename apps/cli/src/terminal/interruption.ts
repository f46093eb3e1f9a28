import { constants } from 'node:os';
import { CommandFailure } from './failure.ts';

/** Status of a program that a signal ended. */
const BASE = 128;

/** How a command is told to end. */
export interface Interruption {
  readonly signal: AbortSignal;
  /** Ends the command; the first reason counts. */
  readonly end: (reason: CommandFailure) => void;
}

/**
 * Turns SIGINT and SIGTERM into the end of the command, so that what is being written gets written. The second one ends the
 * program at once.
 */
export function interruption(): Interruption {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      const exit = BASE + constants.signals[name];
      if (controller.signal.aborted) process.exit(exit);
      controller.abort(new CommandFailure('interrupted', 'interrupted', { exit }));
    });
  }
  return { signal: controller.signal, end: (reason) => controller.abort(reason) };
}
