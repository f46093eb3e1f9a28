import { createHash, hash } from 'node:crypto';
import type { RunningDigest } from '../running-digest.ts';
import type { NativeSha256, NativeSha256Text } from './sha256.default.ts';

/** SHA-256 through OpenSSL. */
export const native: NativeSha256 = (bytes) => new Uint8Array(hash('sha256', bytes, 'buffer'));

/** Directly as Base64: a byte array in between would cost more than the digest of a short text. */
export const nativeText: NativeSha256Text = (bytes) => hash('sha256', bytes, 'base64');

/** Running SHA-256 through OpenSSL. */
export const running = (): RunningDigest => {
  const state = createHash('sha256');
  return {
    update: (bytes) => state.update(bytes),
    digest: () => new Uint8Array(state.digest()),
  };
};
