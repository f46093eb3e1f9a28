import { type ErrorCode, isProtocolError, ProtocolError } from '@dimp/foundation';

/** Codes for errors of IndexedDB; `store/unavailable` for all others. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  QuotaExceededError: 'store/quota',
  // The database has another layout, or data that the browser cannot read.
  NotFoundError: 'store/corrupt',
  DataError: 'store/corrupt',
  NotReadableError: 'store/corrupt',
};

/** Converts an error of IndexedDB to a store error. */
export function storeError(what: string, cause: unknown): ProtocolError {
  if (isProtocolError(cause)) return cause;
  const name = nameOf(cause);
  const code = (name === undefined ? undefined : CODES[name]) ?? 'store/unavailable';
  return new ProtocolError(code, `${what} failed`, {
    cause,
    details: name === undefined ? {} : { cause: name },
  });
}

/** Makes the error for a store that cannot be used. */
export function unavailable(message: string): ProtocolError<'store/unavailable'> {
  return new ProtocolError('store/unavailable', message);
}

function nameOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('name' in error)) return undefined;
  return typeof error.name === 'string' ? error.name : undefined;
}
