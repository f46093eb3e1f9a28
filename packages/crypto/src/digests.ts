/**
 * The digests of spec §3. RIPEMD-160 and Keccak-256 are for addresses only, MD5 for file names only.
 *
 * @module
 */
import {
  md5 as nobleMd5,
  ripemd160 as nobleRipemd160,
  sha1 as nobleSha1,
} from '@noble/hashes/legacy.js';
import { sha512 as nobleSha512 } from '@noble/hashes/sha2.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { native, nativeText, running } from '#native/sha256';
import type { RunningDigest } from './running-digest.ts';

export type { RunningDigest };

/** SHA-256 (FIPS 180-4), 32 bytes: signatures, address hashes and check codes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return native(bytes);
}

/** SHA-256 as Base64, 44 characters. */
export function sha256Base64(bytes: Uint8Array): string {
  return nativeText(bytes);
}

/** A running SHA-256 of bytes that arrive in parts. */
export function runningSha256(): RunningDigest {
  return running();
}

/** SHA-512 (FIPS 180-4), 64 bytes: safety numbers. */
export function sha512(bytes: Uint8Array): Uint8Array {
  return nobleSha512(bytes);
}

/** RIPEMD-160, 20 bytes: the address hash, over SHA-256 (spec §4.1). */
export function ripemd160(bytes: Uint8Array): Uint8Array {
  return nobleRipemd160(bytes);
}

/** Keccak-256 with the original padding 0x01, not SHA3-256, 32 bytes: ETH addresses and EIP-55 (spec §4.2). */
export function keccak256(bytes: Uint8Array): Uint8Array {
  return keccak_256(bytes);
}

/** MD5, 16 bytes. Broken: for file names on file servers only (spec §13.1), never for security. */
export function md5(bytes: Uint8Array): Uint8Array {
  return nobleMd5(bytes);
}

/** A running MD5 of bytes that arrive in parts; see {@link md5}. */
export function runningMd5(): RunningDigest {
  return nobleMd5.create();
}

/** SHA-1, 20 bytes. Broken: for the WebSocket accept value only (RFC 6455 §1.3), never for security. */
export function sha1(bytes: Uint8Array): Uint8Array {
  return nobleSha1(bytes);
}

/** Size of a SHA-256 block in bytes. HMAC pads its keys to that size. */
const BLOCK = 64;

/** HMAC-SHA-256 (RFC 2104), 32 bytes. */
export function hmacSha256(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  const block = new Uint8Array(BLOCK);
  block.set(key.length > BLOCK ? sha256(key) : key);
  const padded = (pad: number, data: Uint8Array): Uint8Array => {
    const input = new Uint8Array(BLOCK + data.length);
    for (const [index, byte] of block.entries()) input[index] = byte ^ pad;
    input.set(data, BLOCK);
    return sha256(input);
  };
  return padded(0x5c, padded(0x36, bytes));
}
