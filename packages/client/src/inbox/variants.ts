import { sha256Base64 } from '@dimp/crypto/digests';
import type { ReliableMessage } from '@dimp/dkd';
import { type JsonObject, ownMember, stringifyJson, utf8Encode } from '@dimp/foundation';

/** Unsigned members that decide whether a message can be opened, with their short names (spec §10). */
const DECISIVE = ['key', 'K', 'keys', 'IV', 'iv', 'V', 'receiver', 'R', 'group', 'G'] as const;

/** Copies of one message, by sender and data, that wait to be opened at most. */
export const MAX_VARIANTS = 4;

/**
 * What tells copies of one message apart that may open differently. Whoever carries a message can change its wrapped key,
 * its IV, its receiver or its group, none of which is signed; the changed copy must not keep the genuine one out.
 */
export function variantName({ wire }: Pick<ReliableMessage, 'wire'>): string {
  const decisive: JsonObject = Object.fromEntries(
    DECISIVE.map((name) => [name, ownMember(wire, name) ?? null]),
  );
  return sha256Base64(utf8Encode(stringifyJson(decisive)));
}

/** The name of one of several copies of a message. */
export function variantOf(id: string, variant: string): string {
  return `${id}.${variant}`;
}

/** The name of the message of which something is a copy. */
export function messageOfVariant(name: string): string {
  return name.split('.', 1)[0] ?? name;
}
