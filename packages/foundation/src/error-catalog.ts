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
 * The whole error vocabulary. A code is `area/reason`; both halves are stable public API.
 *
 * Every decryption failure has the one code `crypto/decrypt`, so that no oracle arises (spec §14.2 #21).
 */
export const ERRORS: { readonly [Code in ErrorCode]: ErrorEntry } = /* @__PURE__ */ makeTable();

function makeTable(): { readonly [Code in ErrorCode]: ErrorEntry } {
  const entries = Object.entries(ERROR_TABLE).map(([code, row]) => [
    code,
    Object.freeze({ ...row, retry: isRetryable(code as ErrorCode) }),
  ]);
  return Object.freeze(Object.fromEntries(entries));
}
