import { normalizeMessage } from '@dimp/core/dialects';
import { sha256Base64 } from '@dimp/crypto/digests';
import type { ReliableMessage } from '@dimp/dkd';
import { type Json, type JsonObject, ownMember, utf8Encode } from '@dimp/foundation';

/** Characters of Base64 in a name: 132 bits, so that nobody can find another copy with the same name. */
export const COPY_NAME_LENGTH = 22;

/**
 * The name of one copy of a message. `messageID` names what the signature proves, sender and data. Whether that opens
 * for the receiver depends on members that anybody on the way can change: the wrapped keys, the IV, receiver and group;
 * readers also refuse a copy whose type or time contradicts its content. A copy that differs in one of them is another
 * copy: it must not keep the genuine one out.
 *
 * @returns {@link COPY_NAME_LENGTH} characters of Base64
 */
export function copyName({ envelope, wire }: Pick<ReliableMessage, 'envelope' | 'wire'>): string {
  const { receiver, group, type = '', time } = envelope;
  const members = normalizeMessage(wire);
  const parts: Json[] = [
    receiver.entity,
    group?.entity ?? '',
    type,
    // Some stations cut off the fraction of a second.
    Math.floor(time),
    ...['IV', 'iv', 'key'].map((name) => ownMember(members, name) ?? null),
    sorted(ownMember(members, 'keys')),
  ];
  return sha256Base64(utf8Encode(JSON.stringify(parts))).slice(0, COPY_NAME_LENGTH);
}

/** Whether a text may be a {@link copyName}. */
export function isCopyName(text: string): boolean {
  return /^[A-Za-z0-9+/]{22}$/.test(text);
}

/** The entries of an object in the order of their names: others may write them in another order. */
function sorted(value: Json | undefined): Json {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'object' || Array.isArray(value)) return value;
  const entries = Object.entries(value as JsonObject) as [string, Json][];
  return entries.sort(([a], [b]) => (a < b ? -1 : 1));
}
