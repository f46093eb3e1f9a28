import type { Logger } from '@dimp/core';
import type { RemoteAddress } from '@dimp/core/transport';
import { type Envelope, receiptMeaning } from '@dimp/dkd';
import { type ErrorCode, isProtocolError, type MaybePromise } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { Refusal } from '../receipts/notice.ts';

/** A message as a policy sees it: all that a station knows, for the content is encrypted. Its signature is right. */
export interface PolicyMessage {
  /** The sender is verified; the rest is not signed (spec §14.1 #5). */
  readonly envelope: Envelope;
  /** Bytes of the whole message. */
  readonly size: number;
  /** Who has logged in on the connection: the sender, or a neighbour station that relays for him. */
  readonly user: ID | undefined;
  /** Undefined for a message that the station finds in its store. */
  readonly remote: RemoteAddress | undefined;
  /** Whether it came from a neighbour station. */
  readonly neighbour: boolean;
}

/** What a policy says: take the message, or the text of the receipt that refuses it. */
export type PolicyVerdict =
  | 'accept'
  | {
      /** Text of the receipt to the sender, for people. */
      readonly refuse: string;
      /**
       * What the sender's program goes by: one that ends the sending of a message, such as `policy/rate-limited`.
       * `policy/unauthorized` by default, and instead of any other.
       */
      readonly code?: ErrorCode;
    };

/**
 * An operator's own rule. It is asked for each message that the station would take, after all other checks; it may take
 * its time, and holds up its connection meanwhile.
 */
export type Policy = (message: PolicyMessage) => MaybePromise<PolicyVerdict>;

/** Longest text of a refusal, in UTF-16 code units; what is longer is cut. */
const MAX_TEXT = 256;

const NOT_ACCEPTED: Refusal = /* @__PURE__ */ Object.freeze<Refusal>({
  text: 'Message not accepted.',
  code: 'policy/unauthorized',
});

/**
 * Asks a policy. One that throws, or answers something else, refuses: a rule that fails must not let everything through.
 * The error is logged, and the sender learns nothing of it.
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

/** An operator's module need not be typed. */
function refusalOf(verdict: PolicyVerdict | undefined, logger: Logger): Refusal | undefined {
  if (verdict === 'accept') return undefined;
  const refuse: unknown = verdict?.refuse;
  if (typeof refuse !== 'string' || refuse === '') {
    return failed(new TypeError('a policy answers "accept" or { refuse }'), logger);
  }
  const code = verdict?.code;
  return { text: refuse.slice(0, MAX_TEXT), code: isFinal(code) ? code : NOT_ACCEPTED.code };
}

/** Any other code would have the sender's program send the message again, although it was refused. */
function isFinal(code: ErrorCode | undefined): code is ErrorCode {
  return typeof code === 'string' && receiptMeaning({ code }).kind === 'refused';
}

function failed(error: unknown, logger: Logger): Refusal {
  // Not its message: that may quote the envelope it stumbled over.
  const kind = error instanceof Error ? error.name : typeof error;
  logger.error('policy failed', { kind, ...(isProtocolError(error) ? { code: error.code } : {}) });
  return NOT_ACCEPTED;
}

function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof (value as { then?: unknown } | undefined)?.then === 'function';
}
