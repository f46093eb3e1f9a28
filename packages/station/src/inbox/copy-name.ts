import { normalizeMessage } from '@dimp/core/dialects';
import { sha256Base64 } from '@dimp/crypto/digests';
import type { ReliableMessage } from '@dimp/dkd';
import { type Json, type JsonObject, ownMember, utf8Encode } from '@dimp/foundation';
import { untilOf } from './until.ts';

/** Characters of Base64 in a name: 132 bits, so that two copies with one name cannot be found. */
export const COPY_NAME_LENGTH = 22;

/**
 * Returns the name of one copy of a message. `messageID` names what is signed: sender and data. Whether the receiver
 * can decrypt it depends on members that a third party can change: wrapped keys, IV, receiver and group. Readers also
 * refuse a copy whose type or time contradicts its content, and `until` decides how long it is kept. A copy that differs
 * in one of these members has another name, so that it cannot displace the genuine one.
 *
 * @returns {@link COPY_NAME_LENGTH} characters of Base64
 */
export function copyName({ envelope, wire }: Pick<ReliableMessage, 'envelope' | 'wire'>): string {
  const { receiver, group, type = '', time } = envelope;
  const members = normalizeMessage(wire);
  const until = untilOf({ wire });
  const parts: Json[] = [
    receiver.entity,
    group?.entity ?? '',
    type,
    // Some stations truncate the time to seconds.
    Math.floor(time),
    ...['IV', 'iv', 'key'].map((name) => ownMember(members, name) ?? null),
    sorted(ownMember(members, 'keys')),
    // A copy that a third party lets expire must not be taken for the genuine one.
    ...(until === undefined ? [] : [until]),
  ];
  return sha256Base64(utf8Encode(JSON.stringify(parts))).slice(0, COPY_NAME_LENGTH);
}

/** Whether a text has the form of a {@link copyName}. */
export function isCopyName(text: string): boolean {
  return /^[A-Za-z0-9+/]{22}$/.test(text);
}

/** The entries of an object sorted by name, because other stations may reorder them. */
function sorted(value: Json | undefined): Json {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'object' || Array.isArray(value)) return value;
  const entries = Object.entries(value as JsonObject) as [string, Json][];
  return entries.sort(([a], [b]) => (a < b ? -1 : 1));
}
