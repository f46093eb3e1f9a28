import type { Facebook } from '@dimp/endpoint';
import { ACCEPTS_CHAT } from '@dimp/extensions/chat';
import { ownMember } from '@dimp/foundation';
import { type ID, sameEntity } from '@dimp/mkm';

/** Who gets a content that older programs do not know. */
export interface Audience {
  /** Those whose visa says that their program reads it. */
  readonly receivers: readonly ID[];
  /** The others; nothing is sent to them in its place. */
  readonly leftOut: readonly ID[];
}

/** The members of a conversation, without the user, by what their programs can read. */
export async function audienceOf(facebook: Facebook, peer: ID, user: ID): Promise<Audience> {
  if (sameEntity(peer, user)) return { receivers: [], leftOut: [] };
  const members = peer.isGroup ? await facebook.members(peer) : [peer];
  const receivers: ID[] = [];
  const leftOut: ID[] = [];
  for (const member of members) {
    if (sameEntity(member, user)) continue;
    ((await readsChat(facebook, member)) ? receivers : leftOut).push(member);
  }
  return { receivers, leftOut };
}

/** Whether the program of a user reads the silent contents of conversations, as their visa says. */
export async function readsChat(facebook: Facebook, id: ID): Promise<boolean> {
  const visa = await facebook.document(id);
  const accepts = visa === undefined ? undefined : ownMember(visa.properties, 'accepts');
  return Array.isArray(accepts) && accepts.includes(ACCEPTS_CHAT);
}
