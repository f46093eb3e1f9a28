import type { Envelope } from '@dimp/dkd';
import { utf8Encode } from '@dimp/foundation';
import { type ID, sameEntity } from '@dimp/mkm';
import { destinationOf } from './direction.ts';

/** First line of the associated data, which identifies its format. */
const CONTEXT = 'dim-aead-1';

/**
 * Returns the associated data of a message: its sender and the destination of its key (spec §11.1). Type, time and group of the
 * envelope are left out, because deployed programs respell, shorten or add them, and the content has its own.
 */
export function associatedData(envelope: Envelope): Uint8Array {
  return encode(envelope.sender, destinationOf(envelope));
}

/**
 * Returns the possible associated data of a received message. If an envelope has both a user and a group, a relay may have added
 * the group to a personal copy, whose destination is the user.
 *
 * @returns an empty list for an envelope with two different groups, which no sender writes
 */
export function associatedDataToTry(envelope: Envelope): readonly Uint8Array[] {
  const { sender, receiver, group } = envelope;
  if (group === undefined) return [encode(sender, receiver)];
  if (receiver.isGroup) {
    return sameEntity(receiver, group) ? [encode(sender, receiver)] : [];
  }
  return [encode(sender, destinationOf(envelope)), encode(sender, receiver)];
}

/** Joins with line feeds, which an ID cannot contain. */
function encode(sender: ID, destination: ID): Uint8Array {
  return utf8Encode([CONTEXT, sender.entity, destination.entity].join('\n'));
}
