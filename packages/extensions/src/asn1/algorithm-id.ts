import { decodeHex, equalBytes } from '@dimp/foundation';
import { keyError } from '../wire/key-error.ts';
import { type DerReader, TAG } from './der-reader.ts';
import { der, derSequence } from './der-writer.ts';

/** Encoded object identifiers of the supported key types. */
export const OID: Readonly<Record<'rsa' | 'ec' | 'secp256k1' | 'ed25519', Uint8Array>> =
  /* @__PURE__ */ Object.freeze({
    /** rsaEncryption, 1.2.840.113549.1.1.1 (RFC 8017 §A.1) */
    rsa: /* @__PURE__ */ decodeHex('2a864886f70d010101'),
    /** id-ecPublicKey, 1.2.840.10045.2.1 (RFC 5480 §2.1.1) */
    ec: /* @__PURE__ */ decodeHex('2a8648ce3d0201'),
    /** secp256k1, 1.3.132.0.10 (SEC 2 §A.2.1) */
    secp256k1: /* @__PURE__ */ decodeHex('2b8104000a'),
    /** id-Ed25519, 1.3.101.112 (RFC 8410 §3) */
    ed25519: /* @__PURE__ */ decodeHex('2b6570'),
  });

/**
 * Reads an AlgorithmIdentifier and checks its algorithm, so that a key of another kind is refused.
 *
 * @param parameters - the object identifier that must follow; without it, NULL or nothing may follow
 * @throws `crypto/key` for any other algorithm or curve
 */
export function expectAlgorithm(reader: DerReader, oid: Uint8Array, parameters?: Uint8Array): void {
  const id = reader.enter();
  if (!equalBytes(id.read(TAG.oid), oid)) throw keyError('belongs to another algorithm');
  if (parameters !== undefined) {
    if (id.peek() !== TAG.oid || !equalBytes(id.read(TAG.oid), parameters)) {
      throw keyError('must be on the curve secp256k1');
    }
  } else if (id.peek() !== undefined && id.read(TAG.null).length > 0) {
    throw keyError('has unexpected algorithm parameters');
  }
  id.end();
}

/** Writes an AlgorithmIdentifier. `null` means NULL parameters, undefined none. */
export function derAlgorithm(oid: Uint8Array, parameters?: Uint8Array | null): Uint8Array {
  const rest =
    parameters === undefined
      ? new Uint8Array()
      : parameters === null
        ? der(TAG.null)
        : der(TAG.oid, parameters);
  return derSequence(der(TAG.oid, oid), rest);
}
