import { fieldError, type JsonObject, ownMember } from '@dimp/foundation';
import { lenientArray, type Schema } from '@dimp/foundation/schema';
import type { ID } from '@dimp/mkm';

/**
 * Reads the list `members`, else the single `member` (spec §9.14). Entries that are not IDs are left out (spec §4.4).
 *
 * @returns undefined if both are absent
 */
export function readMembers(wire: JsonObject, id: Schema<ID>): readonly ID[] | undefined {
  const list = ownMember(wire, 'members') ?? undefined;
  if (list !== undefined) return lenientArray(id).decode(list, 'members');
  const member = ownMember(wire, 'member') ?? undefined;
  return member === undefined ? undefined : [id.decode(member, 'member')];
}

/** {@link readMembers} for commands that require members; the list may be empty. */
export function requireMembers(wire: JsonObject, id: Schema<ID>): readonly ID[] {
  const members = readMembers(wire, id);
  if (members === undefined) throw fieldError('members', 'is missing');
  return members;
}
