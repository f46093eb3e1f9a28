import type { EncryptKey, KeyWire, VerifyKey } from '@dimp/crypto';
import { isProtocolError, type MaybePromise } from '@dimp/foundation';
import { native } from '#native/rsa';
import { readPem, writePem } from '../asn1/pem.ts';
import { isPrivateDer, readPublicDer, writeSpki } from '../key-formats/rsa-der.ts';
import {
  bitLength,
  checkPublicNumbers,
  isBelow,
  type RsaPublicNumbers,
} from '../key-formats/rsa-numbers.ts';
import { PADDING_OVERHEAD } from '../padding/rsa-pkcs1.ts';
import { keyText } from '../wire/key-data.ts';
import { keyError } from '../wire/key-error.ts';

/**
 * A public RSA key: verifies RSASSA-PKCS1-v1_5 with SHA-256 and encrypts RSAES-PKCS1-v1_5 (spec §2.4). Its
 * `material` is SPKI DER. It has no `addressData`, because peers disagree on it.
 */
export interface RsaPublicKey extends VerifyKey<'RSA'>, EncryptKey<'RSA'> {
  /** Length of the modulus in bits. */
  readonly bits: number;
}

class PublicRsa implements RsaPublicKey {
  readonly algorithm = 'RSA' as const;
  readonly material: Uint8Array;
  readonly bits: number;
  readonly maxPlaintext: number;
  readonly #size: number;
  readonly #modulus: Uint8Array;
  readonly #native: ReturnType<typeof native.publicKey>;
  readonly #wire: KeyWire<'RSA'>;

  constructor(numbers: RsaPublicNumbers, wire: KeyWire | undefined) {
    this.material = writeSpki(numbers);
    this.bits = bitLength(numbers.modulus);
    this.#size = numbers.modulus.length;
    this.#modulus = numbers.modulus;
    this.maxPlaintext = this.#size - PADDING_OVERHEAD;
    this.#native = native.publicKey(numbers);
    this.#wire = (wire as KeyWire<'RSA'> | undefined) ?? {
      algorithm: 'RSA',
      data: writePem('PUBLIC KEY', this.material),
      ...rsaParameters(this.#size),
    };
  }

  verify(data: Uint8Array, signature: Uint8Array): MaybePromise<boolean> {
    // WebKit reduces a number that is not less than the modulus, which would allow a second signature of the same message.
    if (signature.length !== this.#size || !isBelow(signature, this.#modulus)) return false;
    try {
      const valid = this.#native.verify(data, signature);
      return typeof valid === 'boolean' ? valid : valid.catch(answerFalse);
    } catch (error) {
      return answerFalse(error);
    }
  }

  encrypt(plaintext: Uint8Array): Uint8Array {
    if (plaintext.length > this.maxPlaintext) {
      throw new RangeError(`plaintext must have at most ${this.maxPlaintext} bytes`);
    }
    return this.#native.encrypt(plaintext);
  }

  toWire(): KeyWire<'RSA'> {
    return this.#wire;
  }
}

/** A platform may throw for a wrong signature. An unusable key or a missing WebCrypto is not a verdict, so it is thrown. */
function answerFalse(error: unknown): false {
  if (isProtocolError(error)) throw error;
  return false;
}

/** Creates a public key from checked numbers. */
export function publicKeyOf(numbers: RsaPublicNumbers, wire?: KeyWire): RsaPublicKey {
  return new PublicRsa(numbers, wire);
}

/** Reads a public key in each form of spec §2.4. Refuses a text that also holds a private key. */
export function parsePublicKey(wire: KeyWire): RsaPublicKey {
  const bodies = readPem(keyText(wire), true);
  const [body] = bodies;
  if (body === undefined || bodies.some(isPrivateDer)) throw keyError('must be a public key');
  const numbers = readPublicDer(body);
  checkPublicNumbers(numbers);
  return publicKeyOf(numbers, wire);
}

/**
 * Returns the members that peers write beside `data` (spec §2.4). JavaScript peers pad ciphertexts to `keySize` bytes and assume 128,
 * so it is written for every other size.
 */
export function rsaParameters(size: number): {
  readonly mode: 'ECB';
  readonly padding: 'PKCS1';
  readonly digest: 'SHA256';
  readonly keySize?: number;
} {
  const parameters = { mode: 'ECB', padding: 'PKCS1', digest: 'SHA256' } as const;
  return size === 128 ? parameters : { ...parameters, keySize: size };
}
