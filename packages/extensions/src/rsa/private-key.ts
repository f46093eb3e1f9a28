import type { DecryptKey, ExportableKey, KeyWire, Signer } from '@dimp/crypto';
import { sha256 } from '@dimp/crypto/digests';
import { concatBytes, type MaybePromise, ProtocolError, utf8Encode } from '@dimp/foundation';
import { native } from '#native/rsa';
import { readPem, writePem } from '../asn1/pem.ts';
import { isPrivateDer, readPrivateDer, writePkcs1 } from '../key-formats/rsa-der.ts';
import {
  checkPrivateNumbers,
  isBelow,
  type RsaPrivateNumbers,
} from '../key-formats/rsa-numbers.ts';
import { SYNTHETIC_LENGTH_BYTES, unpad } from '../padding/rsa-pkcs1.ts';
import { keyText } from '../wire/key-data.ts';
import { keyError } from '../wire/key-error.ts';
import { publicKeyOf, type RsaPublicKey, rsaParameters } from './public-key.ts';

/** A private RSA key in memory. A remote one implements `Signer<'RSA'>` and `DecryptKey<'RSA'>` instead. */
export interface RsaPrivateKey extends Signer<'RSA'>, DecryptKey<'RSA'>, ExportableKey<'RSA'> {
  readonly publicKey: RsaPublicKey;
}

class PrivateRsa implements RsaPrivateKey {
  readonly algorithm = 'RSA' as const;
  readonly publicKey: RsaPublicKey;
  readonly #numbers: RsaPrivateNumbers;
  readonly #native: ReturnType<typeof native.privateKey>;
  readonly #received: KeyWire<'RSA'> | undefined;
  #rejectionSecret: Uint8Array | undefined;

  constructor(numbers: RsaPrivateNumbers, wire: KeyWire | undefined) {
    this.#numbers = numbers;
    this.#native = native.privateKey(numbers);
    this.#received = wire as KeyWire<'RSA'> | undefined;
    const { modulus, publicExponent } = numbers;
    this.publicKey = publicKeyOf({ modulus, publicExponent });
  }

  sign(data: Uint8Array): MaybePromise<Uint8Array> {
    return this.#native.sign(data);
  }

  decrypt(ciphertext: Uint8Array): Uint8Array {
    const { modulus } = this.#numbers;
    // Both facts are public.
    if (ciphertext.length !== modulus.length || !isBelow(ciphertext, modulus)) {
      throw new ProtocolError('crypto/decrypt', 'ciphertext cannot be decrypted');
    }
    const length = modulus.length + SYNTHETIC_LENGTH_BYTES;
    const synthetic = native.prf(this.#secret(), ciphertext, length);
    return unpad(this.#native.apply(ciphertext), synthetic);
  }

  toWire(): KeyWire<'RSA'> {
    return (
      this.#received ?? {
        algorithm: 'RSA',
        data: writePem('RSA PRIVATE KEY', writePkcs1(this.#numbers)),
        ...rsaParameters(this.#numbers.modulus.length),
      }
    );
  }

  /** Derived from the key, so that a ciphertext always yields the same synthetic plaintext. */
  #secret(): Uint8Array {
    this.#rejectionSecret ??= sha256(
      concatBytes(utf8Encode('dim rsa implicit rejection'), this.#numbers.privateExponent),
    );
    return this.#rejectionSecret;
  }
}

/** Creates a private key from its DER. */
export function privateKeyOf(der: Uint8Array, wire?: KeyWire): RsaPrivateKey {
  const numbers = readPrivateDer(der);
  checkPrivateNumbers(numbers);
  return new PrivateRsa(numbers, wire);
}

/** Reads a private key in each form of spec §2.4. Skips a public section before it. */
export function parsePrivateKey(wire: KeyWire): RsaPrivateKey {
  const body = readPem(keyText(wire), true).find(isPrivateDer);
  if (body === undefined) throw keyError('must be a private key');
  return privateKeyOf(body, wire);
}
