import type { ErrorCode } from './error-table.ts';
import type { JsonObject } from './json.ts';
import { isRetryable } from './retryable.ts';

/** Options of a {@link ProtocolError}. */
export interface ErrorOptions {
  /** JSON facts for programs and logs. Never a secret, never plaintext. */
  readonly details?: JsonObject;
  readonly cause?: unknown;
  /** Whether the same call may succeed later, if that differs from what the code says. */
  readonly retryable?: boolean;
}

/**
 * The error class of all packages, with a stable `code`, JSON `details` and an optional `cause`.
 *
 * Wrong use of an API throws a `TypeError` or `RangeError` instead.
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

/** A registered symbol, so that errors are recognised across realms and across copies of this package. */
function mark(): symbol {
  return Symbol.for('@dimp/error');
}

/**
 * Whether a thrown value is a {@link ProtocolError}, optionally of one code.
 *
 * Does not use `instanceof`, so it recognises errors of another copy of this package.
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
