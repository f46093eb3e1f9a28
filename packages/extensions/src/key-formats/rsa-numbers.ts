import { encodeHex } from '@dimp/foundation';
import { keyError } from '../wire/key-error.ts';

/** Numbers of a public RSA key: big-endian magnitudes without leading zeros. */
export interface RsaPublicNumbers {
  readonly modulus: Uint8Array;
  readonly publicExponent: Uint8Array;
}

/** Numbers of a private RSA key in the order of RSAPrivateKey (RFC 8017 §A.1.2). All but the public two are secret. */
export interface RsaPrivateNumbers extends RsaPublicNumbers {
  readonly privateExponent: Uint8Array;
  readonly prime1: Uint8Array;
  readonly prime2: Uint8Array;
  readonly exponent1: Uint8Array;
  readonly exponent2: Uint8Array;
  readonly coefficient: Uint8Array;
}

/**
 * Minimum size of a modulus in bits. The keys of the network have 1,024 bits (spec §14.2 #22). Generators that set only the top bit
 * of both primes make every second modulus one bit shorter.
 */
const MIN_BITS = 1023;
/**
 * Maximum size of a modulus in bits. A peer chooses the key, and every verifier pays for it: a verification with 8,192 bits and an
 * exponent of 32 bits takes 20 times as long as one with 2,048 bits and 65,537.
 */
export const MAX_BITS = 4096;
/** Maximum public exponent, for the same reason. Current generators make no larger one. */
const MAX_EXPONENT = 65_537;
/** Keys with more bits verify in another thread, on platforms with threads. */
export const ASIDE_BITS = 2048;

/** Returns the length of a number in bits. */
export function bitLength(magnitude: Uint8Array): number {
  return magnitude.length * 8 - (Math.clz32(magnitude[0] ?? 0) - 24);
}

/** Whether a public number is less than another one of the same length in bytes. */
export function isBelow(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/**
 * Checks that a public key has an odd modulus of 1,023 to 4,096 bits and an odd exponent from 3 to 65,537. Every key is checked
 * before it is used.
 *
 * @throws `crypto/key` otherwise
 */
export function checkPublicNumbers({ modulus, publicExponent }: RsaPublicNumbers): void {
  const bits = bitLength(modulus);
  if (bits < MIN_BITS || bits > MAX_BITS) throw keyError('has a modulus of unacceptable size');
  if (isEven(modulus)) throw keyError('has an even modulus');
  // The length first, because converting a number of a megabyte takes long.
  if (publicExponent.length > 3 || isEven(publicExponent)) throw badExponent();
  const exponent = publicExponent.reduce((value, byte) => value * 256 + byte, 0);
  if (exponent < 3 || exponent > MAX_EXPONENT) throw badExponent();
}

/**
 * Checks that the numbers of a private key belong together: a key with a wrong number reveals its primes with its first signature.
 * Does not test primality.
 *
 * @throws `crypto/key` otherwise
 */
export function checkPrivateNumbers(key: RsaPrivateNumbers): void {
  checkPublicNumbers(key);
  // A limit for all numbers, so that no division below is too expensive.
  for (const number of Object.values(key) as Uint8Array[]) {
    if (number.length > key.modulus.length)
      throw keyError('has a number that is larger than its modulus');
  }
  const [n, e, d, p, q] = [
    big(key.modulus),
    big(key.publicExponent),
    big(key.privateExponent),
    big(key.prime1),
    big(key.prime2),
  ];
  const consistent =
    p > 2n &&
    q > 2n &&
    p * q === n &&
    (e * d) % (p - 1n) === 1n &&
    (e * d) % (q - 1n) === 1n &&
    big(key.exponent1) === d % (p - 1n) &&
    big(key.exponent2) === d % (q - 1n) &&
    (q * big(key.coefficient)) % p === 1n;
  if (!consistent) throw keyError('has numbers that do not belong together');
}

function badExponent(): ReturnType<typeof keyError> {
  return keyError('has an unacceptable public exponent');
}

function big(magnitude: Uint8Array): bigint {
  return BigInt(`0x${encodeHex(magnitude)}`);
}

function isEven(magnitude: Uint8Array): boolean {
  return ((magnitude.at(-1) ?? 0) & 1) === 0;
}
