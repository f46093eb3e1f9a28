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

/** A message that the application's handlers have come to an end with. */
export interface Handled {
  readonly answers: readonly Answer[];
  /** To be called when the answers are safe: until then, the message comes again at the next start. */
  readonly done: () => Promise<void>;
  /** To be called if there can be no such answers. */
  readonly failed: (error: unknown) => Promise<void>;
}

/** What came of messages that were taken in. */
export interface Received {
  /** Known at once. */
  readonly answers: readonly Answer[];
  /** Of the application's handlers, which may take their time. */
  readonly handled: readonly Promise<Handled>[];
  /** It would have gone into the inbox, which is full. */
  readonly noRoom?: boolean;
}

export const NOTHING: Received = /* @__PURE__ */ Object.freeze({ answers: [], handled: [] });

/** Of several messages, all of which are on disk or refused for good. */
export function together(all: readonly Received[]): Received {
  return {
    answers: all.flatMap(({ answers }) => answers),
    handled: all.flatMap(({ handled }) => handled),
  };
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
