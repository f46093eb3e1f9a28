import { sha256 } from '@noble/hashes/sha2.js';
import type { RunningDigest } from '../running-digest.ts';

/** SHA-256 of bytes, 32 bytes. */
export type NativeSha256 = (bytes: Uint8Array) => Uint8Array;

/** Portable and synchronous; the platform's own in browsers is asynchronous only. */
export const native: NativeSha256 = (bytes) => sha256(bytes);

/** Portable; the platform's own in browsers takes no bytes one after the other. */
export const running = (): RunningDigest => sha256.create();
