import type { KeyWire, VerifyKey } from '@dimp/crypto';
import {
  decodeHex,
  encodeHex,
  fieldError,
  type JsonObject,
  type MaybePromise,
  ownMember,
  toBoolean,
} from '@dimp/foundation';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { native } from '#native/ecc';
import { readPem } from '../asn1/pem.ts';
import { readEccSpki } from '../key-formats/ecc-der.ts';
import type { Verifier } from '../native/verifier.ts';
import { keyText } from '../wire/key-data.ts';
import { keyError } from '../wire/key-error.ts';
import { isStrictDer } from './signature.ts';

/**
 * A public secp256k1 key: verifies ECDSA over SHA-256, cannot encrypt (spec §2.5). Its `material` is the uncompressed
 * point of 65 bytes; so is `addressData`, unless the key is marked `compressed`: then it is the point of 33 bytes.
 */
export interface EccPublicKey extends VerifyKey<'ECC'> {
  readonly addressData: Uint8Array;
}

class PublicEcc implements EccPublicKey {
  readonly algorithm = 'ECC' as const;
  readonly material: Uint8Array;
  readonly addressData: Uint8Array;
  readonly #verifier: Verifier;
  readonly #wire: KeyWire<'ECC'>;

  constructor(point: Point, compressed: boolean, wire: KeyWire | undefined) {
    this.material = point.toBytes(false);
    this.addressData = compressed ? point.toBytes(true) : this.material;
    this.#verifier = native.verifier(this.material);
    this.#wire = (wire as KeyWire<'ECC'> | undefined) ?? {
      algorithm: 'ECC',
      data: encodeHex(this.material),
      curve: 'SECP256k1',
      digest: 'SHA256',
      ...(compressed ? { compressed } : {}),
    };
  }

  verify(data: Uint8Array, signature: Uint8Array): MaybePromise<boolean> {
    if (!isStrictDer(signature)) return false;
    try {
      return this.#verifier.verify(data, signature);
    } catch {
      return false;
    }
  }

  verifyAside(data: Uint8Array, signature: Uint8Array): MaybePromise<boolean> {
    if (!isStrictDer(signature)) return false;
    return this.#verifier.aside?.(data, signature) ?? this.verify(data, signature);
  }

  toWire(): KeyWire<'ECC'> {
    return this.#wire;
  }
}

type Point = ReturnType<typeof secp256k1.Point.fromBytes>;
/** Number of hex digits of a point: with prefix, bare X and Y, compressed (spec §2.5). */
const HEX_LENGTHS: readonly number[] = [130, 128, 66];

/** Creates the public half of a private key. */
export function publicKeyOf(point: Uint8Array, compressed: boolean): EccPublicKey {
  return new PublicEcc(decodePoint(point), compressed, undefined);
}

/** Reads a public key in each form of spec §2.5. */
export function parsePublicKey(wire: KeyWire): EccPublicKey {
  const compressed = readFlags(wire);
  const text = keyText(wire);
  return new PublicEcc(decodePoint(encodedPoint(text)), compressed, wire);
}

/**
 * Checks the curve, and returns whether addresses use the compressed point.
 *
 * @throws `crypto/key` for another curve
 */
export function readFlags(wire: JsonObject): boolean {
  const curve = ownMember(wire, 'curve') ?? 'secp256k1';
  if (typeof curve !== 'string') throw fieldError('curve', 'must be a text');
  if (curve.toLowerCase() !== 'secp256k1') throw keyError('must be on the curve secp256k1');
  return toBoolean(ownMember(wire, 'compressed'), 'compressed') ?? false;
}

function encodedPoint(text: string): Uint8Array {
  if (HEX_LENGTHS.includes(text.length) && /^[0-9a-fA-F]+$/.test(text)) {
    return decodeHex(text.length === 128 ? `04${text}` : text);
  }
  const [body, ...more] = readPem(text);
  if (body === undefined || more.length > 0) throw keyError('must be a single PEM section');
  return readEccSpki(body);
}

/** Decodes a point on the curve. The point at infinity has no encoding of these lengths. */
function decodePoint(bytes: Uint8Array): Point {
  try {
    return secp256k1.Point.fromBytes(bytes);
  } catch {
    throw keyError('must be a point on the curve');
  }
}
