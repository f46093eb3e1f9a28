import type { Protocol } from '@dimp/core';
import type { ReliableMessage } from '@dimp/dkd';
import { isJsonObject, isProtocolError, type Json, ownMember } from '@dimp/foundation';
import type { EntityKey } from '@dimp/mkm';

/** Most stations that a message may pass. */
export const MAX_TRACES = 16;

/**
 * Members that list stations: those that a message has passed (spec §11.8), and those that have got a broadcast (spec
 * §11.7).
 */
export type StationField = 'traces' | 'recipients';

/**
 * Reads the stations in a member: strings, or objects with `ID` or `did` (spec §11.8).
 *
 * @returns undefined for an entry that cannot be read, because it counts as a station too; at most one entry more than
 *   {@link MAX_TRACES}
 */
export function stationsIn(
  { wire }: Pick<ReliableMessage, 'wire'>,
  field: StationField,
  parseID: Protocol['parseID'],
): readonly (EntityKey | undefined)[] {
  return listOf(ownMember(wire, field))
    .slice(0, MAX_TRACES + 1)
    .map((item) => entityOf(item, parseID));
}

/** Returns a member as a list; an empty one if it is not a list. */
export function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

function entityOf(item: Json, parseID: Protocol['parseID']): EntityKey | undefined {
  const text = isJsonObject(item) ? (ownMember(item, 'did') ?? ownMember(item, 'ID')) : item;
  try {
    return parseID(text).entity;
  } catch (error) {
    if (isProtocolError(error)) return undefined;
    throw error;
  }
}
