import { isProtocolError, ProtocolError } from '@dimp/foundation';

/** The one error of everything between a verified message and its content. */
export function decryptError(): ProtocolError<'crypto/decrypt'> {
  return new ProtocolError('crypto/decrypt', 'message cannot be decrypted');
}

/** Whether an error says that data cannot be read, rather than that a key service or a store is down. */
export function isUnreadable(error: unknown): boolean {
  if (!isProtocolError(error) || error.code === 'crypto/unavailable') return false;
  return /^(format|unsupported|crypto)\//.test(error.code);
}
