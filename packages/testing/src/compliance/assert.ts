import { type ErrorCode, isProtocolError } from '@dimp/foundation';

/**
 * Registers one test. `test` of vitest, jest, mocha, `node:test` and Deno fits.
 *
 * @param name - says what the test proves
 */
export type TestFunction = (name: string, run: () => void | Promise<void>) => unknown;

/** @throws `Error` with the message unless the condition holds. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/**
 * Returns the result of a function, or the `ProtocolError` code it threw.
 *
 * @throws `Error` if the function threw anything but a `ProtocolError` with one of the codes
 */
export async function valueOrCode<T>(
  what: string,
  run: () => T | Promise<T>,
  codes: readonly ErrorCode[],
): Promise<{ readonly value: T } | { readonly code: ErrorCode }> {
  try {
    return { value: await run() };
  } catch (error) {
    if (isProtocolError(error) && codes.includes(error.code)) return { code: error.code };
    const got = isProtocolError(error) ? error.code : String(error);
    throw new Error(`${what} must throw ${codes.join(' or ')} and nothing else, got: ${got}`);
  }
}

/** Asserts that a function throws a `ProtocolError` with one of the codes. */
export async function assertCode(
  what: string,
  run: () => unknown,
  ...codes: readonly ErrorCode[]
): Promise<void> {
  const outcome = await valueOrCode(what, run, codes);
  assert('code' in outcome, `${what} must throw ${codes.join(' or ')}, but did not`);
}
