import type { Envelope, ReliableMessage } from '@dimp/dkd';
import { expectsReceipt } from '@dimp/endpoint';
import type { ErrorCode } from '@dimp/foundation';

/** What a receipt names of its message (spec §9.6). */
export interface Notice {
  readonly envelope: Envelope;
  readonly signature: Uint8Array;
}

/** Why a message is refused. */
export interface Refusal {
  /** Text of the receipt, for people and older peers. */
  readonly text: string;
  /** What programs go by. */
  readonly code: ErrorCode;
}

/** Returns what a receipt for a message names. */
export function noticeOf({ envelope, signature }: ReliableMessage): Notice {
  return { envelope, signature };
}

/**
 * Returns {@link noticeOf} a message whose sender gets receipts: a message between people (spec §11.9). The content is
 * encrypted, so the type in the envelope decides. A message without a type may be a receipt, and gets none.
 */
export function expectedNotice(message: ReliableMessage): Notice | undefined {
  const { envelope } = message;
  if (envelope.type === undefined) return undefined;
  const expected = expectsReceipt({ type: envelope.type }, envelope.sender, envelope.receiver);
  return expected ? noticeOf(message) : undefined;
}
