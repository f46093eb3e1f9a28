import type { Envelope } from '@dimp/dkd';
import type { ID } from '@dimp/mkm';

/**
 * Returns the destination of a message key by the table of spec §11.1. Message keys are stored by sender and destination.
 *
 * A split group message (visible group, one member as receiver) uses the group's key. A hidden group message, whose group is in
 * the content only, uses a personal key. Messages to a broadcast destination are plaintext.
 */
export function destinationOf({ receiver, group }: Pick<Envelope, 'receiver' | 'group'>): ID {
  if (group === undefined || receiver.isGroup) return receiver;
  if (group.isBroadcast) return group;
  return receiver.isBroadcast ? receiver : group;
}
