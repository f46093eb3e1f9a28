// ECDSA over NIST P-256 (FIPS 186-5) as a key algorithm for DIM.
import type { ExportableKey, KeyAlgorithm, KeyWire, Signer, VerifyKey } from '@dimp/crypto';
import { decodeHex, encodeHex, fieldError, ProtocolError } from '@dimp/foundation';
import { p256 as curve } from '@noble/curves/nist.js';

type P256PublicKey = VerifyKey<'P256'>;
// A private key that cannot be exported, such as one in a hardware token, would implement only `Signer<'P256'>`.
type P256PrivateKey = Signer<'P256'> & ExportableKey<'P256'>;

class PublicP256 implements P256PublicKey {
  readonly algorithm = 'P256';
  /** The compressed point, 33 bytes. Keys are equal if their material is equal, whatever their wire form. */
  readonly material: Uint8Array;
  readonly #wire: KeyWire<'P256'>;

  constructor(point: Uint8Array, wire: KeyWire<'P256'>) {
    this.material = point;
    this.#wire = wire;
  }

  /** Returns false for every invalid signature, and never throws. */
  verify(data: Uint8Array, signature: Uint8Array): boolean {
    try {
      // Accept only low s: ECDSA would accept two signatures, one for each s.
      return curve.verify(signature, data, this.material, { lowS: true });
    } catch {
      return false;
    }
  }

  /** Returns the object as it was read, including members that this plug-in does not know. */
  toWire(): KeyWire<'P256'> {
    return this.#wire;
  }
}

class PrivateP256 implements P256PrivateKey {
  readonly algorithm = 'P256';
  readonly publicKey: P256PublicKey;
  // Private fields keep the secret out of console.log and JSON.stringify.
  readonly #secret: Uint8Array;
  readonly #wire: KeyWire<'P256'>;

  constructor(secret: Uint8Array, wire: KeyWire<'P256'>) {
    const point = curve.getPublicKey(secret, true);
    this.publicKey = new PublicP256(point, toWireForm(point));
    this.#secret = secret;
    this.#wire = wire;
  }

  sign(data: Uint8Array): Uint8Array {
    return curve.sign(data, this.#secret, { lowS: true });
  }

  toWire(): KeyWire<'P256'> {
    return this.#wire;
  }
}

/** The plug-in, a plain value. On the wire, `data` is the compressed point or the secret number, in hex. */
export const p256: KeyAlgorithm<'P256', P256PrivateKey, P256PublicKey> = {
  kind: 'key-pair',
  name: 'P256',
  generate() {
    const { secretKey } = curve.keygen();
    return new PrivateP256(secretKey, toWireForm(secretKey));
  },
  parsePrivate(wire) {
    const secret = readHex(wire, 32);
    if (!curve.utils.isValidSecretKey(secret)) throw keyError('must be in range');
    return new PrivateP256(secret, wire as KeyWire<'P256'>);
  },
  parsePublic(wire) {
    const point = readHex(wire, 33);
    if (!curve.utils.isValidPublicKey(point, true)) throw keyError('must be a point of the curve');
    return new PublicP256(point, wire as KeyWire<'P256'>);
  },
};

function toWireForm(bytes: Uint8Array): KeyWire<'P256'> {
  return { algorithm: 'P256', data: encodeHex(bytes) };
}

/** Reads input from the network. Invalid data must throw `format/field` or `crypto/key`, and errors must not quote it. */
function readHex({ data }: KeyWire, length: number): Uint8Array {
  if (typeof data !== 'string') throw fieldError('data', 'must be a string');
  if (data.length !== 2 * length || !/^[0-9a-f]+$/.test(data))
    throw keyError('must be the hex digits of a key');
  return decodeHex(data);
}

function keyError(problem: string): ProtocolError {
  return new ProtocolError('crypto/key', `key ${problem}`);
}
