import { isProtocolError, ProtocolError } from '@dimp/foundation';

/** Creates the error for every failure between a verified message and its content. */
export function decryptError(): ProtocolError<'crypto/decrypt'> {
  return new ProtocolError('crypto/decrypt', 'message cannot be decrypted');
}

/** Whether an error means unreadable data, and not a failed key service or store. */
export function isUnreadable(error: unknown): boolean {
  if (!isProtocolError(error) || error.code === 'crypto/unavailable') return false;
  return /^(format|unsupported|crypto)\//.test(error.code);
}
