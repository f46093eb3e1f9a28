import {
  decodeTed,
  fieldError,
  isProtocolError,
  type JsonObject,
  ownMember,
} from '@dimp/foundation';
import { keyError } from './key-error.ts';

/**
 * The `data` member of a key that holds text: PEM or hex.
 *
 * @throws `format/field` when it is missing, empty or no text; a reader never invents a key.
 */
export function keyText(wire: JsonObject): string {
  const data = ownMember(wire, 'data');
  if (typeof data !== 'string' || data === '') throw fieldError('data', 'must be a non-empty text');
  return data;
}

/**
 * The `data` member of a key that holds encoded bytes (TED, spec §1.4).
 *
 * @throws `format/field` when it is missing or no encoded data, `crypto/key` when it cannot be decoded.
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
