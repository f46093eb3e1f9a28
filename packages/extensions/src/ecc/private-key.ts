import type { ExportableKey, KeyWire, Signer } from '@dimp/crypto';
import { decodeHex, encodeHex, equalBytes } from '@dimp/foundation';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { readPem } from '../asn1/pem.ts';
import { type EccPrivateDer, readEccPrivateDer } from '../key-formats/ecc-der.ts';
import { keyText } from '../wire/key-data.ts';
import { keyError } from '../wire/key-error.ts';
import { type EccPublicKey, publicKeyOf, readFlags } from './public-key.ts';

/** A private secp256k1 key in memory. A remote one implements `Signer<'ECC'>` instead. */
export interface EccPrivateKey extends Signer<'ECC'>, ExportableKey<'ECC'> {
  readonly publicKey: EccPublicKey;
}

class PrivateEcc implements EccPrivateKey {
  readonly algorithm = 'ECC' as const;
  readonly publicKey: EccPublicKey;
  readonly #scalar: Uint8Array;
  readonly #wire: KeyWire<'ECC'>;

  constructor(scalar: Uint8Array, publicKey: EccPublicKey, wire: KeyWire | undefined) {
    this.#scalar = scalar;
    this.publicKey = publicKey;
    this.#wire = (wire as KeyWire<'ECC'> | undefined) ?? {
      algorithm: 'ECC',
      data: encodeHex(scalar),
      curve: 'SECP256k1',
      digest: 'SHA256',
    };
  }

  sign(data: Uint8Array): Uint8Array {
    // The library's defaults, explicit because the API promises them: RFC 6979 nonce and low s.
    return secp256k1.sign(data, this.#scalar, { format: 'der', lowS: true, extraEntropy: false });
  }

  toWire(): KeyWire<'ECC'> {
    return this.#wire;
  }
}

/** Generates a private key. */
export function generatePrivateKey(): EccPrivateKey {
  const { secretKey, publicKey } = secp256k1.keygen();
  return new PrivateEcc(secretKey, publicKeyOf(publicKey, false), undefined);
}

/** Reads a private key in each form of spec §2.5. */
export function parsePrivateKey(wire: KeyWire): EccPrivateKey {
  const compressed = readFlags(wire);
  const { scalar, point } = readScalar(keyText(wire));
  const publicKey = publicKeyOf(derivePoint(scalar), compressed);
  const known = point?.length === 33 ? compress(publicKey.material) : publicKey.material;
  if (point !== undefined && !equalBytes(point, known)) {
    throw keyError('has a public half that does not belong to it');
  }
  return new PrivateEcc(scalar, publicKey, wire);
}

function readScalar(text: string): EccPrivateDer {
  if (/^[0-9a-fA-F]{64}$/.test(text)) return { scalar: decodeHex(text) };
  const [body, ...more] = readPem(text);
  if (body === undefined || more.length > 0) throw keyError('must be a single PEM section');
  return readEccPrivateDer(body);
}

function derivePoint(scalar: Uint8Array): Uint8Array {
  try {
    return secp256k1.getPublicKey(scalar, false);
  } catch {
    throw keyError('has a private number that is out of range');
  }
}

function compress(point: Uint8Array): Uint8Array {
  return secp256k1.Point.fromBytes(point).toBytes(true);
}
