import { ERROR_TABLE, type ErrorCode } from './error-table.ts';
import { isRetryable } from './retryable.ts';

/** How a caller reacts to an error of one code: whether to retry, what to answer, how to exit. */
export interface ErrorEntry {
  /** The same call may succeed later without any change. */
  readonly retry: boolean;
  /** Text of the receipt that the peer gets; it reveals no more than the code does. */
  readonly receipt: string;
  /** Exit status of a command line program (sysexits.h where one fits). */
  readonly exit: number;
}

/**
 * All error codes. A code is `area/reason`; both halves are stable public API.
 *
 * All decryption failures share the code `crypto/decrypt`, so that they form no oracle (spec §14.2 #21).
 */
export const ERRORS: { readonly [Code in ErrorCode]: ErrorEntry } = /* @__PURE__ */ makeTable();

function makeTable(): { readonly [Code in ErrorCode]: ErrorEntry } {
  const entries = Object.entries(ERROR_TABLE).map(([code, row]) => [
    code,
    Object.freeze({ ...row, retry: isRetryable(code as ErrorCode) }),
  ]);
  return Object.freeze(Object.fromEntries(entries));
}
