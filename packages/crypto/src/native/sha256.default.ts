import { encodeBase64 } from '@dimp/foundation';
import { sha256 } from '@noble/hashes/sha2.js';
import type { RunningDigest } from '../running-digest.ts';

/** SHA-256 of bytes, 32 bytes. */
export type NativeSha256 = (bytes: Uint8Array) => Uint8Array;

/** Portable, because the digests of browsers are asynchronous only. */
export const native: NativeSha256 = (bytes) => sha256(bytes);

/** SHA-256 of bytes as Base64, 44 characters. */
export type NativeSha256Text = (bytes: Uint8Array) => string;

export const nativeText: NativeSha256Text = (bytes) => encodeBase64(sha256(bytes));

/** Portable, because the digests of browsers need all bytes at once. */
export const running = (): RunningDigest => sha256.create();
