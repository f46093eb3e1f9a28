import { isProtocolError, type ProtocolError } from './error.ts';
import type { ErrorCode } from './error-table.ts';

/** The codes of the area `store`. */
export type StoreErrorCode = Extract<ErrorCode, `store/${string}`>;

/** Whether an error says that the store failed, which says nothing about the message being processed. */
export function isStoreError(error: unknown): error is ProtocolError<StoreErrorCode> {
  return isProtocolError(error) && error.code.startsWith('store/');
}

/**
 * Whether an error is a failure of this program: its store failed, or it is not a {@link ProtocolError}, hence a bug. All
 * other errors refuse input of a peer.
 */
export function isOurFault(error: unknown): boolean {
  return !isProtocolError(error) || isStoreError(error);
}

/**
 * Throws an error again if it is a failure of this program ({@link isOurFault}); returns for errors that refuse input.
 *
 * @example
 * ```ts
 * try {
 *   await open(message);
 * } catch (error) {
 *   rethrowOurFault(error);
 *   await refuse(message, error.code);
 * }
 * ```
 */
export function rethrowOurFault(error: unknown): asserts error is ProtocolError {
  if (isOurFault(error)) throw error;
}
