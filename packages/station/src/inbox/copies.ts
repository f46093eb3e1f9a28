import type { StoredPayer } from '../limits/stored-payer.ts';

/** A copy of a message that a mailbox holds, or has recently held. */
export interface Copy {
  /** From `copyName`; empty in records of older versions. */
  readonly name: string;
  /** Who has sent it to this station: {@link BY_SENDER}, the entity of a neighbour, or {@link UNKNOWN_BRINGER}. */
  readonly by: string;
  /** Its place in the mailbox. */
  readonly order: number;
  /** Bytes of its record. */
  readonly bytes: number;
  /** Time of arrival in milliseconds since the epoch, and payer. */
  readonly arrived: number;
  readonly payer: StoredPayer | undefined;
  /** Being stored, stored, or recently delivered. */
  state: 'pending' | 'stored' | 'delivered';
}

/** The copy came over a connection of the sender of the message. */
export const BY_SENDER = '';
/** The copy was stored in an earlier run, so it is not known who has sent it to this station. */
export const UNKNOWN_BRINGER = 'unknown';

/** Most copies of one message that a mailbox knows. */
export const MAX_COPIES = 4;

/** Whether another copy of a message is accepted, and which one it replaces. */
export type CopyVerdict =
  | { readonly taken: false }
  | { readonly taken: true; readonly instead?: Copy };

/**
 * Decides whether another copy of a message is accepted. When there are {@link MAX_COPIES}, a new one is accepted only
 * if another peer has sent more copies, and replaces one of the peer with most copies. Copies from the sender are never
 * replaced, so that a third party cannot displace the genuine one.
 */
export function admitCopy(known: readonly Copy[], by: string): CopyVerdict {
  if (known.length < MAX_COPIES) return { taken: true };
  const counts = new Map<string, number>();
  for (const copy of known) counts.set(copy.by, (counts.get(copy.by) ?? 0) + 1);
  const own = counts.get(by) ?? 0;
  let most = 0;
  for (const [bringer, count] of counts) if (bringer !== BY_SENDER) most = Math.max(most, count);
  if (own >= most) return { taken: false };
  // The newest one: earlier copies may already be in flight to a device.
  const candidates = known.filter(
    (copy) => copy.by !== BY_SENDER && counts.get(copy.by) === most && copy.state !== 'pending',
  );
  const instead = candidates.at(-1);
  return instead === undefined ? { taken: false } : { taken: true, instead };
}
