/// <reference path="./node-forge.d.ts" />
import {
  decodeHex,
  encodeHex,
  type MaybePromise,
  ProtocolError,
  randomBytes,
} from '@dimp/foundation';
import { shake256 } from '@noble/hashes/sha3.js';
import jsbn from 'node-forge/lib/jsbn.js';
import { writePkcs8, writeSpki } from '../key-formats/rsa-der.ts';
import type { RsaPrivateNumbers, RsaPublicNumbers } from '../key-formats/rsa-numbers.ts';
import { pad } from '../padding/rsa-pkcs1.ts';
import { keyError } from '../wire/key-error.ts';

/** Platform operations with a public key. */
export interface NativeRsaPublic {
  /** RSASSA-PKCS1-v1_5 with SHA-256. May throw or reject instead of returning false. */
  verify(data: Uint8Array, signature: Uint8Array): MaybePromise<boolean>;
  /** RSAES-PKCS1-v1_5. The plaintext is at least eleven bytes shorter than the modulus. */
  encrypt(plaintext: Uint8Array): Uint8Array;
}

/** Platform operations with a private key. */
export interface NativeRsaPrivate {
  /** RSASSA-PKCS1-v1_5 with SHA-256; as long as the modulus. */
  sign(data: Uint8Array): MaybePromise<Uint8Array>;
  /** Raw RSA with blinding. The block is as long as the modulus and less than it. */
  apply(block: Uint8Array): Uint8Array;
}

/** Platform implementation of RSA. Keys may be loaded lazily, so creating a handle is cheap and never throws. */
export interface NativeRsa {
  /** Generates a private key with exponent 65537, as PKCS#1 or PKCS#8 DER. */
  generate(bits: number): Promise<Uint8Array>;
  publicKey(numbers: RsaPublicNumbers): NativeRsaPublic;
  privateKey(numbers: RsaPrivateNumbers): NativeRsaPrivate;
  /** SHAKE256 over secret and input, a pseudo-random function: a sponge has no length extension. */
  prf(secret: Uint8Array, input: Uint8Array, length: number): Uint8Array;
}

const { BigInteger } = jsbn;
type BigInteger = InstanceType<typeof BigInteger>;

const SIGNATURE = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as const;

/** Uses WebCrypto, and node-forge's big numbers for raw RSA, which WebCrypto lacks. */
export const native: NativeRsa = {
  async generate(bits) {
    const pair = await subtle().generateKey(
      { ...SIGNATURE, modulusLength: bits, publicExponent: Uint8Array.of(1, 0, 1) },
      true,
      ['sign', 'verify'],
    );
    return new Uint8Array(await subtle().exportKey('pkcs8', pair.privateKey));
  },
  publicKey(numbers) {
    const load = lazyKey('spki', () => writeSpki(numbers), 'verify');
    return {
      verify: async (data, signature) =>
        subtle().verify(SIGNATURE.name, await load(), plainView(signature), plainView(data)),
      encrypt(plaintext) {
        const block = pad(plaintext, numbers.modulus.length);
        return toBytes(power(toNumber(block), numbers), block.length);
      },
    };
  },
  privateKey(numbers) {
    const load = lazyKey('pkcs8', () => writePkcs8(numbers), 'sign');
    return {
      sign: async (data) =>
        new Uint8Array(await subtle().sign(SIGNATURE.name, await load(), plainView(data))),
      apply: (block) => toBytes(privatePower(toNumber(block), numbers), block.length),
    };
  },
  prf: (secret, input, length) =>
    shake256.create({ dkLen: length }).update(secret).update(input).digest(),
};

function subtle(): SubtleCrypto {
  // Browsers have no WebCrypto on pages without HTTPS.
  if (crypto.subtle === undefined) {
    throw new ProtocolError('crypto/unavailable', 'WebCrypto needs a secure context');
  }
  return crypto.subtle;
}

/** Imports a key once, on first use. */
function lazyKey(
  format: 'spki' | 'pkcs8',
  encode: () => Uint8Array,
  usage: KeyUsage,
): () => Promise<CryptoKey> {
  let key: Promise<CryptoKey> | undefined;
  return () => {
    key ??= subtle()
      .importKey(format, plainView(encode()), SIGNATURE, false, [usage])
      .catch(() => {
        throw keyError('is refused by the platform');
      });
    return key;
  };
}

/** WebCrypto's types require unshared memory. WebCrypto refuses a shared buffer at run time. */
function plainView(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}

function power(base: BigInteger, key: RsaPublicNumbers): BigInteger {
  return base.modPow(toNumber(key.publicExponent), toNumber(key.modulus));
}

/** Private operation by Chinese remainders on a blinded base, so that the time does not depend on the peer's ciphertext. */
function privatePower(base: BigInteger, key: RsaPrivateNumbers): BigInteger {
  const n = toNumber(key.modulus);
  const p = toNumber(key.prime1);
  const q = toNumber(key.prime2);
  const mask = toNumber(randomBytes(key.modulus.length + 8)).mod(n);
  const blinded = base.multiply(power(mask, key)).mod(n);
  const first = blinded.mod(p).modPow(toNumber(key.exponent1), p);
  const second = blinded.mod(q).modPow(toNumber(key.exponent2), q);
  const factor = first.subtract(second).multiply(toNumber(key.coefficient)).mod(p);
  const result = second.add(factor.multiply(q));
  // A wrong half would reveal the primes.
  if (!power(result, key).equals(blinded)) throw keyError('is refused by the platform');
  return result.multiply(mask.modInverse(n)).mod(n);
}

function toNumber(bytes: Uint8Array): BigInteger {
  return new BigInteger(encodeHex(bytes), 16);
}

function toBytes(number: BigInteger, length: number): Uint8Array {
  return decodeHex(number.toString(16).padStart(2 * length, '0'));
}
