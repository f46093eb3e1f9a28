import type { Logger } from '@dimp/core';
import type { RemoteAddress } from '@dimp/core/transport';
import { type Envelope, receiptMeaning } from '@dimp/dkd';
import { type ErrorCode, isProtocolError, type MaybePromise } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { Refusal } from '../receipts/notice.ts';

/** A message as seen by a policy. Its signature is verified; its content is encrypted, and unknown to the station. */
export interface PolicyMessage {
  /** The sender is verified; the other members are not signed (spec §14.1 #5). */
  readonly envelope: Envelope;
  /** Bytes of the whole message. */
  readonly size: number;
  /** The user of the connection: the sender, or a neighbour station that relays for them. */
  readonly user: ID | undefined;
  /** Undefined for a message that the station finds in its store. */
  readonly remote: RemoteAddress | undefined;
  /** Whether it came from a neighbour station. */
  readonly neighbour: boolean;
}

/** The decision of a policy: accept the message, or refuse it with a receipt. */
export type PolicyVerdict =
  | 'accept'
  | {
      /** Text of the receipt to the sender. */
      readonly refuse: string;
      /**
       * Error code for the sender's program. It must end the sending of the message, as `policy/rate-limited` does; any
       * other code is replaced by `policy/unauthorized`, which is the default.
       */
      readonly code?: ErrorCode;
    };

/**
 * A rule of the operator. It is called for each message that has passed all other checks. Later messages of the same
 * connection wait for its answer.
 */
export type Policy = (message: PolicyMessage) => MaybePromise<PolicyVerdict>;

/** Longest text of a refusal, in UTF-16 code units; a longer one is truncated. */
const MAX_TEXT = 256;

const NOT_ACCEPTED: Refusal = /* @__PURE__ */ Object.freeze<Refusal>({
  text: 'Message not accepted.',
  code: 'policy/unauthorized',
});

/**
 * Calls a policy. If it throws or returns anything else, the message is refused: a broken rule must not accept every
 * message. The error is logged, and not shown to the sender.
 *
 * @returns undefined if the message may pass
 */
export function evaluatePolicy(
  policy: Policy,
  message: PolicyMessage,
  logger: Logger,
): MaybePromise<Refusal | undefined> {
  try {
    const verdict = policy(message);
    if (!isPromise(verdict)) return refusalOf(verdict, logger);
    return verdict.then(
      (each) => refusalOf(each, logger),
      (error: unknown) => failed(error, logger),
    );
  } catch (error) {
    return failed(error, logger);
  }
}

/** The module of an operator may be untyped, so every member is checked. */
function refusalOf(verdict: PolicyVerdict | undefined, logger: Logger): Refusal | undefined {
  if (verdict === 'accept') return undefined;
  const refuse: unknown = verdict?.refuse;
  if (typeof refuse !== 'string' || refuse === '') {
    return failed(new TypeError('a policy must return "accept" or { refuse }'), logger);
  }
  const code = verdict?.code;
  return { text: refuse.slice(0, MAX_TEXT), code: isFinal(code) ? code : NOT_ACCEPTED.code };
}

/** Whether a code ends the sending of a message; with any other, the sender's program would send it again. */
function isFinal(code: ErrorCode | undefined): code is ErrorCode {
  return typeof code === 'string' && receiptMeaning({ code }).kind === 'refused';
}

function failed(error: unknown, logger: Logger): Refusal {
  // Without the message of the error, which may quote the envelope.
  const kind = error instanceof Error ? error.name : typeof error;
  logger.error('policy failed', { kind, ...(isProtocolError(error) ? { code: error.code } : {}) });
  return NOT_ACCEPTED;
}

function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof (value as { then?: unknown } | undefined)?.then === 'function';
}
