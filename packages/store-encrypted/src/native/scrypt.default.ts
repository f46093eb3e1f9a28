import { scryptAsync } from '@noble/hashes/scrypt.js';

/** Work for deriving one key. */
export interface ScryptWork {
  /** Cost, a power of two. Memory is 128 · N · r bytes. */
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** Derives 32 bytes by scrypt (RFC 7914). */
export type NativeScrypt = (
  password: Uint8Array,
  salt: Uint8Array,
  work: ScryptWork,
) => Promise<Uint8Array>;

/** Portable; yields to the event loop regularly. */
export const native: NativeScrypt = (password, salt, { N, r, p }) =>
  scryptAsync(password, salt, { N, r, p, dkLen: 32, maxmem: 128 * N * r + 128 * r * (p + 2) });
