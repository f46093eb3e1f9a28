import type { Facebook } from '@dimp/endpoint';
import { type ID, sameEntity } from '@dimp/mkm';

/** Groups of more members have no read marks, no typing, and `all` may be mentioned by moderators only. */
export const SMALL_GROUP = 32;

/** Whether a user is the owner or an administrator of a group at this moment. */
export async function isModerator(facebook: Facebook, group: ID, user: ID): Promise<boolean> {
  const owner = await facebook.owner(group);
  if (owner !== undefined && sameEntity(owner, user)) return true;
  return (await facebook.administrators(group)).some((each) => sameEntity(each, user));
}

/** Whether a user may mention all members of a group. */
export async function mayMentionAll(facebook: Facebook, group: ID, user: ID): Promise<boolean> {
  const members = await facebook.members(group);
  return members.length <= SMALL_GROUP || isModerator(facebook, group, user);
}

/** Whether a group is small enough for read marks and signs of typing. */
export async function isSmallGroup(facebook: Facebook, group: ID): Promise<boolean> {
  const { length } = await facebook.members(group);
  return length > 0 && length <= SMALL_GROUP;
}
