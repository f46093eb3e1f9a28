import type { Content, Envelope } from '@dimp/dkd';
import { type ID, sameEntity } from '@dimp/mkm';
import type { ChatRecord } from '../history/chat-record.ts';

/** The conversation of a message. */
export interface Conversation {
  /** The peer or the group; the user for notes to themselves. */
  readonly with: ID;
  readonly kind: ChatRecord['kind'];
}

/**
 * The conversation of a message, which its signed content decides: the group that it names, else the other person. Broadcasts
 * belong to none.
 */
export function conversationOf(
  { sender, receiver }: Pick<Envelope, 'sender' | 'receiver'>,
  { group }: Pick<Content, 'group'>,
  user: ID,
): Conversation | undefined {
  const named = group ?? (receiver.isGroup ? receiver : undefined);
  if (named !== undefined) {
    return named.isGroup && !named.isBroadcast ? { with: named, kind: 'group' } : undefined;
  }
  if (receiver.isBroadcast) return undefined;
  const peer = sameEntity(sender, user) ? receiver : sender;
  return peer.isBroadcast ? undefined : { with: peer, kind: kindOf(peer, user) };
}

/** What kind of conversation one with an entity is. */
export function kindOf(peer: ID, user: ID): ChatRecord['kind'] {
  if (peer.isGroup) return 'group';
  return sameEntity(peer, user) ? 'self' : 'person';
}
