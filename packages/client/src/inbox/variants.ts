import { sha256Base64 } from '@dimp/crypto/digests';
import type { ReliableMessage } from '@dimp/dkd';
import { type JsonObject, ownMember, stringifyJson, utf8Encode } from '@dimp/foundation';

/** Unsigned members that decide whether a message can be opened, with their short names (spec §10). */
const DECISIVE = ['key', 'K', 'keys', 'IV', 'iv', 'V', 'receiver', 'R', 'group', 'G'] as const;

/** Limit on waiting copies of one message, by sender and data. */
export const MAX_VARIANTS = 4;

/**
 * Identifies copies of one message that may open differently. A peer who carries a message can change its wrapped key,
 * IV, receiver or group, which are not signed. The changed copy must not keep the genuine one out.
 */
export function variantName({ wire }: Pick<ReliableMessage, 'wire'>): string {
  const decisive: JsonObject = Object.fromEntries(
    DECISIVE.map((name) => [name, ownMember(wire, name) ?? null]),
  );
  return sha256Base64(utf8Encode(stringifyJson(decisive)));
}

/** Returns the name of one copy of a message. */
export function variantOf(id: string, variant: string): string {
  return `${id}.${variant}`;
}

/** Returns the name of the message that a copy belongs to. */
export function messageOfVariant(name: string): string {
  return name.split('.', 1)[0] ?? name;
}
