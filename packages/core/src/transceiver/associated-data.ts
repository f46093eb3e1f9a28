import type { Envelope } from '@dimp/dkd';
import { utf8Encode } from '@dimp/foundation';
import { type ID, sameEntity } from '@dimp/mkm';
import { destinationOf } from './direction.ts';

/** First line of the associated data: says what the two names behind it mean. */
const CONTEXT = 'dim-aead-1';

/**
 * What a sealed message is bound to: its sender, and the destination that its key is for (spec §11.1). Type, time and
 * group of the envelope are not among it: deployed programs respell, shorten or add them, and the content has its own.
 */
export function associatedData(envelope: Envelope): Uint8Array {
  return encode(envelope.sender, destinationOf(envelope));
}

/**
 * What a received message may be bound to. If a group stands beside a user, somebody on the way may have added it to a
 * personal copy, whose destination is the user.
 *
 * @returns nothing for an envelope with two different groups: no sender writes that
 */
export function associatedDataToTry(envelope: Envelope): readonly Uint8Array[] {
  const { sender, receiver, group } = envelope;
  if (group === undefined) return [encode(sender, receiver)];
  if (receiver.isGroup) {
    return sameEntity(receiver, group) ? [encode(sender, receiver)] : [];
  }
  return [encode(sender, destinationOf(envelope)), encode(sender, receiver)];
}

/** No name has a line feed: IDs have no control characters. */
function encode(sender: ID, destination: ID): Uint8Array {
  return utf8Encode([CONTEXT, sender.entity, destination.entity].join('\n'));
}
