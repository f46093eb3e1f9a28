import {
  decodeTed,
  fieldError,
  isProtocolError,
  type JsonObject,
  ownMember,
} from '@dimp/foundation';
import { keyError } from './key-error.ts';

/**
 * Reads the `data` member of a key that holds text: PEM or hex.
 *
 * @throws `format/field` for anything but a non-empty text; a reader never generates a missing key
 */
export function keyText(wire: JsonObject): string {
  const data = ownMember(wire, 'data');
  if (typeof data !== 'string' || data === '') throw fieldError('data', 'must be a non-empty text');
  return data;
}

/**
 * Reads the `data` member of a key that holds encoded bytes (TED, spec §1.4).
 *
 * @throws `format/field` if it is missing or not encoded data; `crypto/key` if it cannot be decoded
 */
export function keyBytes(wire: JsonObject): Uint8Array {
  let bytes: Uint8Array | undefined;
  try {
    bytes = decodeTed(ownMember(wire, 'data'));
  } catch (error) {
    if (!isProtocolError(error) || error.code === 'format/field') throw error;
    throw keyError('data cannot be decoded');
  }
  if (bytes === undefined) throw fieldError('data', 'is missing');
  return bytes;
}
