import type { Envelope } from '@dimp/dkd';
import type { ID } from '@dimp/mkm';

/**
 * Whom a message key is for, by the table of spec §11.1: message keys are kept by (sender, destination).
 *
 * A split group message (visible group, one member as receiver) uses the group's key; a hidden one, whose group stands
 * in the content only, is personal. What a broadcast destination gets is plaintext.
 */
export function destinationOf({ receiver, group }: Pick<Envelope, 'receiver' | 'group'>): ID {
  if (group === undefined || receiver.isGroup) return receiver;
  if (group.isBroadcast) return group;
  return receiver.isBroadcast ? receiver : group;
}
