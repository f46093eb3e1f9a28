import type { ReliableMessage } from '@dimp/dkd';
import { decodeTed, ownMember } from '@dimp/foundation';
import { type ID, sameEntity } from '@dimp/mkm';

/** More entries for one user than he can have terminals are an attempt to keep us busy. */
const MAX_OWN_ENTRIES = 16;

/**
 * The encrypted message keys in a message that are for a user: `key`, else his entries of `keys`, under his ID or under
 * `ID/terminal` (spec §8.8).
 *
 * @throws `format/bytes` for an entry that cannot be decoded.
 */
export function ownKeys(message: ReliableMessage, user: ID): readonly Uint8Array[] {
  if (message.key !== undefined) return [message.key];
  const { keys } = message;
  if (keys === undefined) return [];
  const { receiver } = message.envelope;
  const names = new Set<string>([user.entity, user.text]);
  if (sameEntity(receiver, user)) names.add(receiver.text);
  const own = Object.keys(keys)
    .filter((name) => names.has(name) || name.startsWith(`${user.entity}/`))
    .slice(0, MAX_OWN_ENTRIES);
  return own.map((name) => decodeTed(ownMember(keys, name))).filter((each) => each !== undefined);
}
