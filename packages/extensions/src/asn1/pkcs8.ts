import { keyError } from '../wire/key-error.ts';
import { expectAlgorithm } from './algorithm-id.ts';
import { DerReader, TAG } from './der-reader.ts';

/**
 * Reads the rest of a PKCS#8 key, after its version: 0 (RFC 5208) or 1 (RFC 5958, which Python's ECDSA library writes).
 *
 * @param oid - the algorithm of the key
 * @param parameters - the curve, for algorithms with curves
 * @returns a reader of the inner key
 * @throws `crypto/key` for a key of another algorithm or curve
 */
export function readPkcs8(
  reader: DerReader,
  version: number,
  oid: Uint8Array,
  parameters?: Uint8Array,
): DerReader {
  if (version > 1) throw keyError('has an unknown version');
  expectAlgorithm(reader, oid, parameters);
  const key = reader.read(TAG.octetString);
  // Attributes and a copy of the public key are redundant.
  for (const tag of [TAG.context0, TAG.context1]) {
    if (reader.peek() === tag) reader.read(tag);
  }
  reader.end();
  return new DerReader(key);
}
