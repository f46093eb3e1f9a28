import type { ReliableMessage } from '@dimp/dkd';
import { decodeTed, equalBytes, isProtocolError, ownMember } from '@dimp/foundation';
import { type ID, sameEntity } from '@dimp/mkm';

/** Maximum number of keys for one user. More keys than terminals are an attempt to waste time. */
const MAX_OWN_ENTRIES = 8;

/**
 * Returns the encrypted message keys for a user: `key`, and the entries of `keys` under the user's ID or `ID/terminal` (spec §8.8),
 * without duplicates. Only unwrapping tells which one is for this terminal.
 *
 * @throws `format/bytes` if none of them can be decoded
 */
export function ownKeys(message: ReliableMessage, user: ID): readonly Uint8Array[] {
  const { key, keys = {} } = message;
  const { receiver } = message.envelope;
  const names = new Set<string>([user.entity, user.text]);
  if (sameEntity(receiver, user)) names.add(receiver.text);
  const own = Object.keys(keys).filter(
    (name) => names.has(name) || name.startsWith(`${user.entity}/`),
  );
  const texts = new Set(own.map((name) => ownMember(keys, name)));
  const found = key === undefined ? [] : [key];
  let damaged: unknown;
  for (const text of [...texts].slice(0, MAX_OWN_ENTRIES)) {
    try {
      const entry = decodeTed(text);
      if (entry !== undefined && !found.some((each) => equalBytes(each, entry))) found.push(entry);
    } catch (error) {
      if (!isProtocolError(error)) throw error;
      damaged = error;
    }
  }
  if (found.length === 0 && damaged !== undefined) throw damaged;
  return found;
}
