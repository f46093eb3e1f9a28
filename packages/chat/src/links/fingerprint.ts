import type { PublicKey } from '@dimp/crypto';
import { sha256 } from '@dimp/crypto/digests';
import { concatBytes, encodeBase64Url, utf8Encode } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { decodeBase64Url, equalText } from './base64-url.ts';

/** Bytes of a fingerprint. */
const LENGTH = 16;

/** An ID with the key of its meta. */
export interface KeyedID {
  readonly id: ID;
  readonly key: PublicKey;
}

/**
 * Fingerprint of an ID and the key of its meta: 22 characters of Base64url. It proves that the two belong together, and so
 * guards against a forged first meta.
 *
 * It is the first 16 bytes of SHA-256("dim-fp-1\n" ‖ entity ‖ "\n" ‖ key material).
 */
export function fingerprint({ id, key }: KeyedID): string {
  const input = concatBytes(utf8Encode(`dim-fp-1\n${id.entity}\n`), key.material);
  return encodeBase64Url(sha256(input).slice(0, LENGTH));
}

/** Whether a fingerprint is the one of this ID and key; compared in constant time. */
export function matchesFingerprint(text: string, identity: KeyedID): boolean {
  return equalText(fingerprint(identity), text);
}

/**
 * Checks the form of a fingerprint.
 *
 * @throws `format/field`
 */
export function readFingerprint(text: string, field: string): string {
  decodeBase64Url(text, LENGTH, field);
  return text;
}
