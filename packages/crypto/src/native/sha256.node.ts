import { createHash } from 'node:crypto';
import type { NativeSha256 } from './sha256.default.ts';

/** SHA-256 through OpenSSL. */
export const native: NativeSha256 = (bytes) =>
  new Uint8Array(createHash('sha256').update(bytes).digest());
