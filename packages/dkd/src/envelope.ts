import type { ID } from '@dimp/mkm';

/**
 * Sender, receiver and time of a message (spec §8.1). Plain data.
 *
 * An envelope is not signed, so anyone on the path may have changed it. The transceiver compares it with the signed content
 * before it returns a message (spec §14.1 #5).
 */
export interface Envelope {
  readonly sender: ID;
  readonly receiver: ID;
  /** Seconds since the epoch, according to the sender. */
  readonly time: number;
  /** The visible group. A hidden group is in the content only (spec §8.7). */
  readonly group?: ID;
  /** Copy of the content's type, as decimal text. */
  readonly type?: string;
}

/**
 * Whether a message is a plaintext broadcast: the receiver or the *envelope's* group is a broadcast ID. A broadcast group in
 * the content does not count (spec §8.2).
 */
export function isBroadcast(envelope: Pick<Envelope, 'receiver' | 'group'>): boolean {
  return envelope.receiver.isBroadcast || (envelope.group?.isBroadcast ?? false);
}
