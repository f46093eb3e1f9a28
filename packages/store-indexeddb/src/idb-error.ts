import { type ErrorCode, isProtocolError, ProtocolError } from '@dimp/foundation';

/** What errors of IndexedDB mean; `store/unavailable` is the rest. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  QuotaExceededError: 'store/quota',
  // The database has another layout, or bytes that it does not understand itself.
  NotFoundError: 'store/corrupt',
  DataError: 'store/corrupt',
  NotReadableError: 'store/corrupt',
};

/** An error of IndexedDB as one of a store. */
export function storeError(what: string, cause: unknown): ProtocolError {
  if (isProtocolError(cause)) return cause;
  const name = nameOf(cause);
  const code = (name === undefined ? undefined : CODES[name]) ?? 'store/unavailable';
  return new ProtocolError(code, `${what} failed`, {
    cause,
    details: name === undefined ? {} : { cause: name },
  });
}

/** The error for a store that cannot be used any more, or at all. */
export function unavailable(message: string): ProtocolError<'store/unavailable'> {
  return new ProtocolError('store/unavailable', message);
}

function nameOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('name' in error)) return undefined;
  return typeof error.name === 'string' ? error.name : undefined;
}
