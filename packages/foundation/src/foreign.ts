import { isProtocolError, ProtocolError } from './error.ts';
import type { ErrorCode } from './error-table.ts';
import type { JsonObject, MaybePromise } from './json.ts';
import { isOurFault } from './our-fault.ts';

/** How a failure of code that is not ours is told to the caller. */
export interface ForeignFailure {
  /** The code of the error that takes the place of whatever was thrown. */
  readonly code: ErrorCode;
  readonly message: string;
  readonly details?: JsonObject;
}

/** Areas of codes with which a plug-in may refuse what a peer has sent. */
const REFUSALS = /^(?:format|unsupported|crypto|identity)\//;

/**
 * What code that is not ours has thrown, as an error that refuses one message or fails one call.
 *
 * A {@link ProtocolError} that refuses input stays as it is. Everything else becomes the `cause` of an error with the given
 * code: a plug-in must not be able to say that the store or the connection has failed, because that would end more than
 * the one message.
 */
export function foreignError(thrown: unknown, failure: ForeignFailure): ProtocolError {
  if (isProtocolError(thrown) && REFUSALS.test(thrown.code)) return thrown;
  const { code, message, details } = failure;
  return new ProtocolError(code, message, {
    cause: thrown,
    ...(details === undefined ? {} : { details }),
  });
}

/**
 * Calls code that is not ours and has to answer at once: a schema, a parser of keys or addresses.
 *
 * An answer that comes later is refused. Its promise is watched, so that its rejection does not end the process.
 *
 * @throws the code of the failure, or that of a {@link ProtocolError} which refuses input
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
 * Calls code that is not ours and may answer later: a key that verifies, a handler. What it throws and what its promise is
 * rejected with become an error in the same way.
 *
 * @throws the code of the failure, or that of a {@link ProtocolError}: a remote key may say that it cannot be reached, but never
 *   that the store has failed
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
 * The error for an answer that was due at once and comes later. What the promise is rejected with becomes the `cause` as soon
 * as it is known, for those who read logs.
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

/** Whether a value is a promise of any kind. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    'then' in value &&
    typeof value.then === 'function'
  );
}

/** Most values that are looked at in the search for promises. */
const MAX_VALUES = 100_000;

/**
 * Looks for promises inside a value that code of others has made, such as the members of a schema's result. All that are found
 * are watched, so that none of them is rejected without anybody noticing.
 *
 * @returns the first one
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
 * Shows an error that is nobody's to handle, such as one that a listener has thrown, in the console of the platform. Nothing
 * else happens: unlike a rejection that is not handled, it ends no process.
 */
export function showError(message: string, error: unknown): void {
  try {
    const { console } = globalThis as { readonly console?: { error?(...what: unknown[]): void } };
    console?.error?.(message, error);
  } catch {
    // Whoever reads the console is not ours either.
  }
}
