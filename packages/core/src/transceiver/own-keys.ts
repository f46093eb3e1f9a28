import type { ReliableMessage } from '@dimp/dkd';
import { decodeTed, equalBytes, isProtocolError, ownMember } from '@dimp/foundation';
import { type ID, sameEntity } from '@dimp/mkm';

/** More different keys for one user than he can have terminals are an attempt to keep us busy. */
const MAX_OWN_ENTRIES = 8;

/**
 * The encrypted message keys in a message that are for a user: `key`, and his entries of `keys`, under his ID or under
 * `ID/terminal` (spec §8.8). Which of them is for this terminal, only opening them tells; equal ones are there once.
 *
 * @throws `format/bytes` if none of them can be decoded.
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
