import { definedOnly } from './defined-only.ts';
import { isProtocolError, ProtocolError } from './error.ts';
import type { ErrorCode } from './error-table.ts';
import type { JsonObject, MaybePromise } from './json.ts';
import { isOurFault } from './our-fault.ts';

/** The error that replaces a failure of a plug-in. */
export interface ForeignFailure {
  /** Code of the error that replaces the thrown value. */
  readonly code: ErrorCode;
  readonly message: string;
  readonly details?: JsonObject;
}

/** Areas of the codes with which a plug-in may refuse input of a peer. */
const REFUSALS = /^(?:format|unsupported|crypto|identity)\//;

/**
 * Converts a value that a plug-in threw into an error that refuses one message or fails one call.
 *
 * A {@link ProtocolError} that refuses input stays as it is. Any other value becomes the `cause` of an error with the given
 * code. A plug-in must not report that the store or the connection has failed, because that would affect more than one
 * message.
 */
export function foreignError(thrown: unknown, failure: ForeignFailure): ProtocolError {
  if (isProtocolError(thrown) && REFUSALS.test(thrown.code)) return thrown;
  const { code, message, details } = failure;
  return new ProtocolError(code, message, {
    cause: thrown,
    ...definedOnly({ details }),
  });
}

/**
 * Calls a plug-in that must return synchronously: a schema, a parser of keys or addresses.
 *
 * A promise is refused. Its rejection is handled, so that it does not end the process.
 *
 * @throws the code of the failure, or the {@link ProtocolError} of a plug-in that refuses its input
 */
export function callForeign<T>(failure: ForeignFailure, run: () => T): T {
  let answer: T;
  try {
    answer = run();
    if (!isThenable(answer)) return answer;
  } catch (thrown) {
    throw foreignError(thrown, failure);
  }
  throw comesLater(answer, failure);
}

/**
 * Calls a plug-in that may return a promise: a key that verifies, a handler. Thrown values and rejections are treated alike.
 *
 * @throws the code of the failure, or the {@link ProtocolError} of the plug-in unless it is a `store/` code: a remote key may
 *   report that it cannot be reached, but not that the store has failed
 */
export function askForeign<T>(
  failure: ForeignFailure,
  run: () => MaybePromise<T>,
): MaybePromise<T> {
  const fail = (thrown: unknown): never => {
    if (!isOurFault(thrown)) throw thrown;
    throw foreignError(thrown, failure);
  };
  try {
    const answer = run();
    return isThenable(answer) ? Promise.resolve(answer).catch(fail) : answer;
  } catch (thrown) {
    return fail(thrown);
  }
}

/**
 * Creates the error for a promise where a plug-in must return synchronously. If the promise is rejected, the reason becomes the
 * `cause` of the error, for logs.
 */
export function comesLater(
  promise: PromiseLike<unknown>,
  { code, message, details }: ForeignFailure,
): ProtocolError {
  const error = new ProtocolError(code, `${message}: the result must not be a promise`, {
    cause: undefined,
    details: { ...details, reason: 'promise' },
  });
  Promise.resolve(promise).catch((reason: unknown) => {
    error.cause = reason;
  });
  return error;
}

/** Whether a value is a promise or another thenable. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    'then' in value &&
    typeof value.then === 'function'
  );
}

/** Maximum number of values that are searched for promises. */
const MAX_VALUES = 100_000;

/**
 * Searches a value that a plug-in returned for promises, for example the members of a schema's result. The rejections of all
 * promises found are handled.
 *
 * @returns the first promise
 */
export function findPromise(value: unknown): PromiseLike<unknown> | undefined {
  const seen = new Set<unknown>();
  const open: unknown[] = [value];
  let found: PromiseLike<unknown> | undefined;
  while (open.length > 0 && seen.size < MAX_VALUES) {
    const next = open.pop();
    if (typeof next !== 'object' || next === null || seen.has(next)) continue;
    seen.add(next);
    if (isThenable(next)) {
      Promise.resolve(next).catch(() => undefined);
      found ??= next;
    } else if (next instanceof Map) {
      open.push(...next.keys(), ...next.values());
    } else if (next instanceof Set || Array.isArray(next)) {
      for (const each of next) open.push(each);
    } else if (!ArrayBuffer.isView(next)) {
      for (const each of Object.values(next)) open.push(each);
    }
  }
  return found;
}

/**
 * Writes an error that no caller can handle, such as that of a listener, to the console of the platform. Unlike an unhandled
 * rejection, it does not end the process.
 */
export function showError(message: string, error: unknown): void {
  try {
    const { console } = globalThis as { readonly console?: { error?(...what: unknown[]): void } };
    console?.error?.(message, error);
  } catch {
    // A replaced console may throw.
  }
}
