import { type Protocol, splitMessage, type Transceiver } from '@dimp/core';
import type { ReliableMessage } from '@dimp/dkd';
import { isProtocolError, stringifyJson, utf8Encode } from '@dimp/foundation';
import { type EntityKey, type ID, sameEntity } from '@dimp/mkm';
import { copyName } from '../inbox/copy-name.ts';
import { Refused } from './refused.ts';

/** A copy of a group message for one member. */
export interface GroupCopy {
  readonly member: ID;
  readonly payload: Uint8Array;
  /** Its name, from `copyName`. */
  readonly copy: string;
}

/**
 * Returns the members for whom a group message has keys, without its sender (spec §8.7, §8.8).
 *
 * @param most - maximum number of members
 * @throws a refusal for a message without keys, or with too many
 */
export function groupReceivers(
  message: ReliableMessage,
  parseID: Protocol['parseID'],
  most: number,
): readonly ID[] {
  const { keys, envelope } = message;
  const names = Object.keys(keys ?? {});
  // Enough for one name for each device of a member; more are not parsed.
  if (names.length > most * 4) throw new Refused('format/limit');
  const members = new Map<EntityKey, ID>();
  for (const name of names) {
    const member = readMember(name, parseID);
    if (member === undefined || sameEntity(member, envelope.sender)) continue;
    // All versions of clients read the name without a device.
    if (!members.has(member.entity) || member.terminal === undefined) {
      members.set(member.entity, member);
    }
  }
  if (members.size === 0) {
    throw new Refused('policy/unauthorized', 'Group message not allow for this station');
  }
  if (members.size > most) throw new Refused('format/limit');
  return [...members.values()];
}

/**
 * Makes the copies of a message to a whole group (spec §8.7).
 *
 * @param most - maximum bytes of all copies
 * @throws a refusal if they have more
 */
export function groupCopies(
  message: ReliableMessage,
  members: readonly ID[],
  { protocol, dialect }: Pick<Transceiver, 'protocol' | 'dialect'>,
  most: number,
): readonly GroupCopy[] {
  // Before anything is copied, because each copy contains the data.
  const { data } = message.wire;
  if (typeof data === 'string' && data.length * members.length > most) {
    throw new Refused('format/limit');
  }
  let bytes = 0;
  return members.map((member) => {
    const [copy] = splitMessage(message, [member], protocol.parseID, dialect);
    if (copy === undefined) throw new Refused('format/field');
    const payload = utf8Encode(stringifyJson(copy.wire));
    bytes += payload.length;
    if (bytes > most) throw new Refused('format/limit');
    return { member, payload, copy: copyName(copy) };
  });
}

/** Bytes of a copy besides the data: key, envelope, and overhead of the store. */
const COPY_BYTES = 1024;

/**
 * Estimates the bytes of the copies of a message before they are made.
 *
 * @param count - of members
 */
export function copiesBytes({ wire }: ReliableMessage, count: number): number {
  const { data } = wire;
  return count * (COPY_BYTES + (typeof data === 'string' ? data.length : 0));
}

/**
 * Reads the ID of a member; undefined for other entries such as `digest`, and IDs that cannot be parsed (spec §8.8).
 */
function readMember(name: string, parseID: Protocol['parseID']): ID | undefined {
  try {
    const member = parseID(name);
    return member.isUser && !member.isBroadcast ? member : undefined;
  } catch (error) {
    if (isProtocolError(error)) return undefined;
    throw error;
  }
}
