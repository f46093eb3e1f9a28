import type { Draft } from '@dimp/dkd';
import { EntityType, type ID } from '@dimp/mkm';

/** An answer to the sender of a message. */
export interface Answer {
  readonly draft: Draft;
  /** The local user who answers. */
  readonly from: ID;
  readonly to: ID;
  /** Name of the message, if this is its receipt. A receipt that cannot be sent now is sent later. */
  readonly receiptFor?: string;
}

/**
 * Returns the answers of a local user to the sender of a message, without those that would cause a loop: receipts and texts to
 * stations and bots, and receipts for broadcasts (spec §11.5, §11.9).
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
