import type { ErrorCode } from './error-table.ts';
import type { JsonObject } from './json.ts';
import { isRetryable } from './retryable.ts';

/** What a {@link ProtocolError} may carry besides its code and message. */
export interface ErrorOptions {
  /** JSON facts for programs and logs. Never a secret, never plaintext. */
  readonly details?: JsonObject;
  readonly cause?: unknown;
  /** Whether the same call may succeed later, where the code alone does not tell. */
  readonly retryable?: boolean;
}

/**
 * The one error class of all packages: a stable `code`, JSON `details`, an optional `cause`.
 *
 * Misuse of our own API by a programmer is a `TypeError` or `RangeError` instead.
 *
 * @example
 * ```ts
 * try {
 *   protocol.parseID(text);
 * } catch (error) {
 *   if (isProtocolError(error, 'format/field')) console.log(error.details);
 * }
 * ```
 */
export class ProtocolError<C extends ErrorCode = ErrorCode> extends Error {
  override readonly name: string = 'ProtocolError';
  readonly code: C;
  readonly details: JsonObject;
  /** Whether the same call may succeed later without any change. */
  declare readonly retryable: boolean;

  constructor(code: C, message: string, options: ErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.details = options.details ?? {};
    const retryable = options.retryable ?? isRetryable(code);
    Object.defineProperty(this, 'retryable', { value: retryable });
    Object.defineProperty(this, mark(), { value: true });
  }
}

/** `Symbol.for`, so that the mark holds across realms, workers and duplicated copies of this package. */
function mark(): symbol {
  return Symbol.for('@dimp/error');
}

/**
 * Tells whether a thrown value is a {@link ProtocolError}, and of one code when given.
 *
 * Does not use `instanceof`, so errors of another copy of this package count as well.
 */
export function isProtocolError<C extends ErrorCode = ErrorCode>(
  error: unknown,
  code?: C,
): error is ProtocolError<C> {
  return (
    typeof error === 'object' &&
    error !== null &&
    mark() in error &&
    (code === undefined || (error as { code?: unknown }).code === code)
  );
}
