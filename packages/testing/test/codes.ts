import { isProtocolError } from '@dimp/foundation';

/** Code of the protocol error that a task throws; undefined if it throws none. */
export function codeOf(task: () => unknown): string | undefined {
  try {
    task();
  } catch (error) {
    if (isProtocolError(error)) return error.code;
    throw error;
  }
  return undefined;
}
