import { ProtocolError } from '@dimp/foundation';

/** Creates a `crypto/key` error. `problem` must not quote the key. */
export function keyError(problem: string): ProtocolError<'crypto/key'> {
  return new ProtocolError('crypto/key', `key ${problem}`);
}
