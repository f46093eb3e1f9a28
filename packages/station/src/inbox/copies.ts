import type { StoredPayer } from '../limits/stored-payer.ts';

/** One copy of a message that a mailbox holds, or held lately. */
export interface Copy {
  /** As `copyName` makes it; empty in a record of an older version. */
  readonly name: string;
  /** Who brought it: {@link BY_SENDER}, a neighbour's entity, or {@link UNKNOWN_BRINGER}. */
  readonly by: string;
  /** Its place in the mailbox. */
  readonly order: number;
  /** Bytes of its record. */
  readonly bytes: number;
  /** When it came, in milliseconds since the epoch, and who pays for its being kept. */
  readonly arrived: number;
  readonly payer: StoredPayer | undefined;
  /** On its way to the disk, on it, or delivered lately. */
  state: 'pending' | 'stored' | 'delivered';
}

/** A copy came over a connection of the message's own sender. */
export const BY_SENDER = '';
/** Who brought a copy is not known any more: it was stored before the station was started. */
export const UNKNOWN_BRINGER = 'unknown';

/** Most copies of one message that a mailbox knows. */
export const MAX_COPIES = 4;

/** Whether one more copy of a message is taken, and what has to go for it. */
export type CopyVerdict =
  | { readonly taken: false }
  | { readonly taken: true; readonly instead?: Copy };

/**
 * Decides on one more copy of a message. Whoever brings copies pays for them with their own share: when there are
 * enough, the newcomer is taken only if others have brought more of them, and a copy of whoever brought most goes. What
 * the sender has brought never goes, so that nobody on another way can keep it out.
 */
export function admitCopy(known: readonly Copy[], by: string): CopyVerdict {
  if (known.length < MAX_COPIES) return { taken: true };
  const counts = new Map<string, number>();
  for (const copy of known) counts.set(copy.by, (counts.get(copy.by) ?? 0) + 1);
  const own = counts.get(by) ?? 0;
  let most = 0;
  for (const [bringer, count] of counts) if (bringer !== BY_SENDER) most = Math.max(most, count);
  if (own >= most) return { taken: false };
  // The newest one: earlier copies may be on their way to a device already.
  const candidates = known.filter(
    (copy) => copy.by !== BY_SENDER && counts.get(copy.by) === most && copy.state !== 'pending',
  );
  const instead = candidates.at(-1);
  return instead === undefined ? { taken: false } : { taken: true, instead };
}
