import { isProtocolError, ProtocolError } from '@dimp/foundation';

/**
 * Reads a record of an archive. It was valid when it was stored, so an error means damage, not a fault of a peer. An algorithm or
 * address family that is no longer registered is not damage.
 *
 * @param what - kind of record, for the error
 * @throws `store/corrupt`, `unsupported/` codes
 */
export function readStored<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!isProtocolError(error) || error.code.startsWith('unsupported/')) throw error;
    // Without the cause, which may quote the record.
    throw new ProtocolError('store/corrupt', 'a stored record cannot be read', {
      details: { what },
    });
  }
}
