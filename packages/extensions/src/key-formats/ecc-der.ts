import { equalBytes } from '@dimp/foundation';
import { derAlgorithm, expectAlgorithm, OID } from '../asn1/algorithm-id.ts';
import { DerReader, TAG } from '../asn1/der-reader.ts';
import { derBitString, derSequence } from '../asn1/der-writer.ts';
import { readPkcs8 } from '../asn1/pkcs8.ts';
import { keyError } from '../wire/key-error.ts';

/** A private key as encoded in DER. */
export interface EccPrivateDer {
  /** 32 bytes, big-endian. */
  readonly scalar: Uint8Array;
  /** The encoded point, if it is present. */
  readonly point?: Uint8Array;
}

/**
 * Reads the encoded point of a SubjectPublicKeyInfo on secp256k1 (RFC 5480).
 *
 * @throws `crypto/key` for anything else, including other curves (spec §2.5)
 */
export function readEccSpki(bytes: Uint8Array): Uint8Array {
  const reader = new DerReader(bytes);
  const outer = reader.enter();
  reader.end();
  expectAlgorithm(outer, OID.ec, OID.secp256k1);
  const point = outer.bitString();
  outer.end();
  return point;
}

/** Writes the SubjectPublicKeyInfo of an encoded point on secp256k1; 88 bytes for an uncompressed point. */
export function writeEccSpki(point: Uint8Array): Uint8Array {
  return derSequence(derAlgorithm(OID.ec, OID.secp256k1), derBitString(point));
}

/**
 * Reads a private key, PKCS#8 (RFC 5208) or SEC1 (RFC 5915).
 *
 * @throws `crypto/key` for anything else, including other curves
 */
export function readEccPrivateDer(bytes: Uint8Array): EccPrivateDer {
  const reader = new DerReader(bytes);
  const outer = reader.enter();
  reader.end();
  const version = outer.smallInteger();
  if (outer.peek() === TAG.octetString) return readSec1(outer, version);
  const inner = readPkcs8(outer, version, OID.ec, OID.secp256k1);
  const sec1 = inner.enter();
  inner.end();
  return readSec1(sec1, sec1.smallInteger());
}

/** Reads the rest of an ECPrivateKey, after its version. */
function readSec1(reader: DerReader, version: number): EccPrivateDer {
  if (version !== 1) throw keyError('has an unknown version');
  const scalar = reader.read(TAG.octetString);
  if (scalar.length !== 32) throw keyError('has a private number of the wrong length');
  if (reader.peek() === TAG.context0) {
    const parameters = reader.enter(TAG.context0);
    if (parameters.peek() !== TAG.oid || !equalBytes(parameters.read(TAG.oid), OID.secp256k1)) {
      throw keyError('must be on the curve secp256k1');
    }
    parameters.end();
  }
  if (reader.peek() !== TAG.context1) {
    reader.end();
    return { scalar };
  }
  const holder = reader.enter(TAG.context1);
  reader.end();
  const point = holder.bitString();
  holder.end();
  return { scalar, point };
}
