import { ProtocolError } from '@dimp/foundation';

/** A `crypto/key` error; `problem` never quotes the material. */
export function keyError(problem: string): ProtocolError<'crypto/key'> {
  return new ProtocolError('crypto/key', `key ${problem}`);
}
