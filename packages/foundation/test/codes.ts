import { isProtocolError } from '../src/index.ts';

/** The code a call throws, undefined when it returns; any other error is passed on and fails the test. */
export function codeOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    if (isProtocolError(error)) return error.code;
    throw error;
  }
  return undefined;
}
