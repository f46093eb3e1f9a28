import type { ID } from '@dimp/mkm';

/**
 * Who writes to whom and when (spec §8.1). Plain data.
 *
 * Nothing of an envelope is signed: anybody on the way may have changed it. The transceiver compares it with the
 * content, which is signed, before a message gets out of it (spec §14.1 #5).
 */
export interface Envelope {
  readonly sender: ID;
  readonly receiver: ID;
  /** Seconds since the epoch, as the sender says. */
  readonly time: number;
  /** The group in sight of everybody; a hidden group stands in the content only (spec §8.7). */
  readonly group?: ID;
  /** Copy of the content's type, as decimal text. */
  readonly type?: string;
}

/**
 * Whether a message is plaintext for everybody: the receiver is a broadcast ID, or the *envelope's* group is one. A
 * broadcast group inside the content does not count (spec §8.2).
 */
export function isBroadcast(envelope: Pick<Envelope, 'receiver' | 'group'>): boolean {
  return envelope.receiver.isBroadcast || (envelope.group?.isBroadcast ?? false);
}
