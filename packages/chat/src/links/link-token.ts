import { hmacSha256 } from '@dimp/crypto/digests';
import { encodeBase64Url, randomBytes, utf8Encode } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { decodeBase64Url, equalText } from './base64-url.ts';

/** Bytes of a token. */
const TOKEN_LENGTH = 16;

/** Whom a token connects. */
export interface TokenUse {
  /** Who answers to the link. */
  readonly guest: ID;
  /** Who made the link. */
  readonly inviter: ID;
  /** The group that the link leads to; absent in links to a contact. */
  readonly group?: ID;
}

/** Makes the secret of one link: 16 random bytes as Base64url. */
export function newLinkToken(): string {
  return encodeBase64Url(randomBytes(TOKEN_LENGTH));
}

/**
 * Checks the form of a token.
 *
 * @throws `format/field`
 */
export function readLinkToken(text: string, field: string): string {
  decodeBase64Url(text, TOKEN_LENGTH, field);
  return text;
}

/**
 * Proof that a guest has seen a link, for the inviter only: HMAC-SHA-256 over both entities, as Base64url. Another guest
 * cannot use it, and it does not tell the token.
 *
 * @throws `format/field` for a token that cannot be one
 */
export function linkMac(token: string, { guest, inviter, group }: TokenUse): string {
  const parts = [
    'dim-link',
    guest.entity,
    inviter.entity,
    ...(group === undefined ? [] : [group.entity]),
  ];
  const key = decodeBase64Url(token, TOKEN_LENGTH, 'token');
  return encodeBase64Url(hmacSha256(key, utf8Encode(parts.join('\n'))));
}

/**
 * Whether a proof was made with this token by this guest; compared in constant time. A proof that cannot be read is false.
 *
 * @throws `format/field` for a token that cannot be one
 */
export function checkLinkMac(mac: string, token: string, use: TokenUse): boolean {
  return equalText(linkMac(token, use), mac);
}
