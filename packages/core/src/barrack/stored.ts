import { isProtocolError, ProtocolError } from '@dimp/foundation';

/**
 * Reads what an archive gives back. It was right when it was stored, so what is wrong now is damage, and no fault of
 * whoever sent the message that made us look. An algorithm or address family that is not registered any more is none.
 *
 * @param what - kind of record, for the error
 * @throws `store/corrupt`, `unsupported/` codes
 */
export function readStored<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!isProtocolError(error) || error.code.startsWith('unsupported/')) throw error;
    // The cause stays out: it may quote what is stored.
    throw new ProtocolError('store/corrupt', 'a stored record cannot be read', {
      details: { what },
    });
  }
}
