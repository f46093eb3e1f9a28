import type { Envelope, ReliableMessage } from '@dimp/dkd';
import { expectsReceipt } from '@dimp/endpoint';
import type { ErrorCode } from '@dimp/foundation';

/** What a receipt names of the message that it is about (spec §9.6). */
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

/** What a receipt for a message would name. */
export function noticeOf({ envelope, signature }: ReliableMessage): Notice {
  return { envelope, signature };
}

/**
 * {@link noticeOf} a message whose sender hears where it is: what people say to each other (spec §11.9). The station sees
 * no content, so the envelope's type counts; without one, the message may be a receipt itself and gets none.
 */
export function expectedNotice(message: ReliableMessage): Notice | undefined {
  const { envelope } = message;
  if (envelope.type === undefined) return undefined;
  const expected = expectsReceipt({ type: envelope.type }, envelope.sender, envelope.receiver);
  return expected ? noticeOf(message) : undefined;
}
