import { derAlgorithm, expectAlgorithm, OID } from '../asn1/algorithm-id.ts';
import { DerReader, TAG } from '../asn1/der-reader.ts';
import { der, derBitString, derInteger, derSequence } from '../asn1/der-writer.ts';
import { readPkcs8 } from '../asn1/pkcs8.ts';
import { keyError } from '../wire/key-error.ts';
import type { RsaPrivateNumbers, RsaPublicNumbers } from './rsa-numbers.ts';

/**
 * Reads a public key, SPKI or bare PKCS#1. The PEM header does not tell which (spec §2.4).
 *
 * @throws `crypto/key` for anything else, including private keys, so that publishing one by mistake is noticed
 */
export function readPublicDer(bytes: Uint8Array): RsaPublicNumbers {
  const reader = new DerReader(bytes);
  const outer = reader.enter();
  reader.end();
  if (outer.peek() !== TAG.sequence) return readPublicNumbers(outer);
  expectAlgorithm(outer, OID.rsa);
  const inner = new DerReader(outer.bitString());
  outer.end();
  const numbers = inner.enter();
  inner.end();
  return readPublicNumbers(numbers);
}

/**
 * Reads a private key, PKCS#1 or PKCS#8.
 *
 * @throws `crypto/key` for anything else
 */
export function readPrivateDer(bytes: Uint8Array): RsaPrivateNumbers {
  const reader = new DerReader(bytes);
  const outer = reader.enter();
  reader.end();
  const version = outer.smallInteger();
  if (outer.peek() === TAG.integer) return readPrivateNumbers(outer, version);
  const inner = readPkcs8(outer, version, OID.rsa);
  const numbers = inner.enter();
  inner.end();
  return readPrivateNumbers(numbers, numbers.smallInteger());
}

/** Whether DER is a private key: its first element is a version, which is shorter than a modulus. */
export function isPrivateDer(bytes: Uint8Array): boolean {
  const outer = new DerReader(bytes).enter();
  return outer.peek() === TAG.integer && outer.read(TAG.integer).length === 1;
}

/** Writes a SubjectPublicKeyInfo (RFC 5280 §4.1), the canonical form of a public key. */
export function writeSpki({ modulus, publicExponent }: RsaPublicNumbers): Uint8Array {
  const key = derSequence(derInteger(modulus), derInteger(publicExponent));
  return derSequence(derAlgorithm(OID.rsa, null), derBitString(key));
}

/** Writes an RSAPrivateKey (RFC 8017 §A.1.2). */
export function writePkcs1(key: RsaPrivateNumbers): Uint8Array {
  return derSequence(
    derInteger(Uint8Array.of(0)),
    derInteger(key.modulus),
    derInteger(key.publicExponent),
    derInteger(key.privateExponent),
    derInteger(key.prime1),
    derInteger(key.prime2),
    derInteger(key.exponent1),
    derInteger(key.exponent2),
    derInteger(key.coefficient),
  );
}

/** Writes a PrivateKeyInfo (RFC 5208) around an RSAPrivateKey. */
export function writePkcs8(key: RsaPrivateNumbers): Uint8Array {
  return derSequence(
    derInteger(Uint8Array.of(0)),
    derAlgorithm(OID.rsa, null),
    der(TAG.octetString, writePkcs1(key)),
  );
}

function readPublicNumbers(reader: DerReader): RsaPublicNumbers {
  const numbers = { modulus: reader.integer(), publicExponent: reader.integer() };
  reader.end();
  return numbers;
}

/** Reads the rest of an RSAPrivateKey, after its version. Keys of more than two primes are not supported. */
function readPrivateNumbers(reader: DerReader, version: number): RsaPrivateNumbers {
  if (version !== 0) throw keyError('has an unknown version');
  const numbers = {
    modulus: reader.integer(),
    publicExponent: reader.integer(),
    privateExponent: reader.integer(),
    prime1: reader.integer(),
    prime2: reader.integer(),
    exponent1: reader.integer(),
    exponent2: reader.integer(),
    coefficient: reader.integer(),
  };
  reader.end();
  return numbers;
}
