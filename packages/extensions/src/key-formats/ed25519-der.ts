import { derAlgorithm, OID } from '../asn1/algorithm-id.ts';
import { TAG } from '../asn1/der-reader.ts';
import { der, derBitString, derInteger, derSequence } from '../asn1/der-writer.ts';

/** Writes the SubjectPublicKeyInfo of a point of 32 bytes (RFC 8410 §4). */
export function writeEd25519Spki(point: Uint8Array): Uint8Array {
  return derSequence(derAlgorithm(OID.ed25519), derBitString(point));
}

/** Writes the PrivateKeyInfo of a seed of 32 bytes (RFC 8410 §7). */
export function writeEd25519Pkcs8(seed: Uint8Array): Uint8Array {
  return derSequence(
    derInteger(Uint8Array.of(0)),
    derAlgorithm(OID.ed25519),
    der(TAG.octetString, der(TAG.octetString, seed)),
  );
}
