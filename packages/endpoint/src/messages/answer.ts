import type { Draft } from '@dimp/dkd';
import { EntityType, type ID } from '@dimp/mkm';

/** A content that goes back to the sender of a message. */
export interface Answer {
  readonly draft: Draft;
  /** The user of this machine who answers. */
  readonly from: ID;
  readonly to: ID;
  /** Name of the message that it is the receipt for: one that cannot be sent now is sent later. */
  readonly receiptFor?: string;
}

/**
 * Answers of a user of ours to the sender of a message, without those that would start a loop: receipts and texts to
 * stations and bots, and receipts for what was said to everybody (spec §11.5, §11.9).
 */
export function answersTo(
  sender: ID,
  receiver: ID,
  user: ID,
  drafts: readonly Draft[],
): readonly Answer[] {
  if (sender.isBroadcast) return [];
  const machine = sender.type === EntityType.Station || sender.type === EntityType.Robot;
  return drafts
    .filter(({ kind }) => !(kind === 'receipt' && (machine || receiver.isBroadcast)))
    .filter(({ kind }) => !(kind === 'text' && machine))
    .map((draft) => ({ draft, from: user, to: sender }));
}
