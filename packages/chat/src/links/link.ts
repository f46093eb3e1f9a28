import { fieldError } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';

/** Where a station listens. */
export interface LinkStation {
  /** Domain name or IP address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Leads to a person. */
export interface ContactLink {
  readonly kind: 'contact';
  readonly id: ID;
  /** Fingerprint of the ID and its key; see `fingerprint`. */
  readonly fp: string;
  readonly station?: LinkStation;
  /** Name to show until the visa is here. Its author chose it: show the ID beside it. */
  readonly name?: string;
  /** Secret of this link; see `newLinkToken`. */
  readonly token?: string;
}

/** Leads into a group. */
export interface GroupLink {
  readonly kind: 'group';
  readonly id: ID;
  /** Who made the link, and is asked. */
  readonly by: ID;
  /** Fingerprint of the inviter. */
  readonly fp: string;
  readonly station?: LinkStation;
  readonly name?: string;
  readonly token: string;
}

/** What two people show each other to verify their keys. */
export interface VerifyLink {
  readonly kind: 'verify';
  /** Who shows it. */
  readonly a: ID;
  readonly fa: string;
  /** Who scans it. */
  readonly b: ID;
  readonly fb: string;
}

/** What a link or QR code of the network says. Reading one never acts. */
export type Link = ContactLink | GroupLink | VerifyLink;

/** Longest name in a link, in UTF-16 code units. */
const MAX_NAME = 64;

/**
 * Checks a name for a link. Control and format characters could turn the text around it, or imitate another line.
 *
 * @throws `format/field`
 */
export function checkLinkName(name: string): string {
  if (name.length > MAX_NAME || /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(name)) {
    throw fieldError('n', `must have at most ${MAX_NAME} characters, all visible`);
  }
  return name;
}
