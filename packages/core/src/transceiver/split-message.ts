import type { ReliableMessage } from '@dimp/dkd';
import { parseReliableMessage } from '@dimp/dkd';
import { definedOnly, isJsonObject, type JsonObject, ownMember } from '@dimp/foundation';
import { type ID, sameEntity } from '@dimp/mkm';
import type { Dialect } from '../dialects/dialect.ts';
import { normalizeMessage } from '../dialects/incoming.ts';

/**
 * Splits a whole-group message into copies for its members. Each copy has one receiver with their key, and a visible group. The
 * signature stays valid, because it covers the data only (spec §8.7).
 *
 * @param members - the members who get a copy
 * @param dialect - spelling of the copies; without one they have long names and `key` only
 * @throws `TypeError` for a message whose receiver is not a group
 */
export function splitMessage(
  message: ReliableMessage,
  members: readonly ID[],
  readID: (text: unknown) => ID,
  dialect?: Dialect,
): readonly ReliableMessage[] {
  const { receiver } = message.envelope;
  if (!receiver.isGroup) throw new TypeError('only messages to groups can be split');
  return members.map((member) => trimMessage(message, member, readID, dialect));
}

/** Returns the copy of a whole-group message for one member (spec §8.7). Keeps unknown JSON members. */
export function trimMessage(
  message: ReliableMessage,
  member: ID,
  readID: (text: unknown) => ID,
  dialect?: Dialect,
): ReliableMessage {
  const { keys, key: _key, ...rest } = normalizeMessage(message.wire);
  const group = ownMember(rest, 'group') ?? message.envelope.receiver.text;
  const key = isJsonObject(keys) ? entryOf(keys, member, readID) : undefined;
  const wire: JsonObject = {
    ...rest,
    receiver: member.text,
    group,
    ...definedOnly({ key }),
    ...(isJsonObject(keys) ? terminalsOf(keys, member, key) : {}),
  };
  return parseReliableMessage(wire, readID, dialect?.outgoing('message', wire) ?? wire);
}

/** Returns the keys of all terminals of a member, as in a personal message (spec §8.9). */
function terminalsOf(keys: JsonObject, member: ID, key: string | undefined): JsonObject {
  const prefix = `${member.entity}/`;
  // Called for each member, so it must not copy the keys of all others.
  const names = Object.keys(keys).filter((name) => name.startsWith(prefix));
  if (names.length === 0) return {};
  const base = key === undefined ? {} : { [member.entity]: key };
  return { keys: { ...base, ...Object.fromEntries(names.map((name) => [name, keys[name]])) } };
}

function entryOf(keys: JsonObject, member: ID, readID: (text: unknown) => ID): string | undefined {
  for (const name of [member.text, member.entity]) {
    const value = ownMember(keys, name);
    if (typeof value === 'string') return value;
  }
  // The same address in another spelling.
  const name = Object.keys(keys).find(
    (each) =>
      each.toLowerCase() === member.entity.toLowerCase() && sameEntity(readID(each), member),
  );
  const value = name === undefined ? undefined : ownMember(keys, name);
  return typeof value === 'string' ? value : undefined;
}
