import type { Protocol } from '@dimp/core';
import type { ReliableMessage } from '@dimp/dkd';
import { isJsonObject, isProtocolError, type Json, ownMember } from '@dimp/foundation';
import type { EntityKey } from '@dimp/mkm';

/** Longest way of a message, in stations; one with a longer one goes no further. */
export const MAX_TRACES = 16;

/** Stations that a message has passed (spec §11.8), and those that were told of a broadcast (spec §11.7). */
export type StationField = 'traces' | 'recipients';

/**
 * Reads who is named in a member that stations write: texts, or objects with `ID` or `did` (spec §11.8).
 *
 * @returns undefined in the place of what cannot be read, for it counts as a station as well; at most one more than
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

/** The member as it was, as a list. */
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
