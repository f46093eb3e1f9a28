import type { ErrorCode } from '@dimp/foundation';

/** What a receipt says about its message (spec §9.6, §9.17). */
export type ReceiptMeaning =
  /** The author of the receipt has the message. */
  | { readonly kind: 'accepted' }
  /** The author of the receipt has finally refused the message. */
  | { readonly kind: 'refused'; readonly code: ErrorCode }
  /** Unknown: the message may or may not have arrived. */
  | { readonly kind: 'unclear' };

const ACCEPTED: ReceiptMeaning = /* @__PURE__ */ Object.freeze({ kind: 'accepted' });
const UNCLEAR: ReceiptMeaning = /* @__PURE__ */ Object.freeze({ kind: 'unclear' });

/**
 * The codes that end the sending of a message. The other codes describe a temporary state of the author of the receipt: the
 * same message may be accepted later.
 */
const FINAL: ReadonlySet<string> = /* @__PURE__ */ new Set<ErrorCode>([
  'format/bytes',
  'format/json',
  'format/field',
  'format/limit',
  'unsupported/algorithm',
  'unsupported/content',
  'unsupported/address',
  'unsupported/meta',
  'unsupported/document',
  'unsupported/entity',
  'unsupported/version',
  'crypto/signature',
  'crypto/decrypt',
  'crypto/key',
  'identity/meta-mismatch',
  'identity/document-invalid',
  'identity/not-found',
  'identity/expired',
  'transport/refused',
  'store/quota',
  'policy/blocked',
  'policy/rate-limited',
  'policy/expired',
  'policy/unauthorized',
]);

/** Texts of peers that write no code, without the full stop, which the oldest peers leave out (spec §9.17). */
const TEXTS: ReadonlyMap<string, ReceiptMeaning> = /* @__PURE__ */ new Map<string, ReceiptMeaning>([
  ['Message received', ACCEPTED],
  ['Message delivered', ACCEPTED],
  ['Message is delivering', ACCEPTED],
  ['Message cached', ACCEPTED],
  ['Message redirected', ACCEPTED],
  ['Message redirected via station bridge', ACCEPTED],
  ['Message forwarded', ACCEPTED],
  ['Permission denied', refused('policy/unauthorized')],
  ['Group message not allow for this station', refused('policy/unauthorized')],
  ['Message format error', refused('format/field')],
  ['Message too large', refused('format/limit')],
  ['Message not valid', refused('crypto/signature')],
  ['Failed to decrypt message', refused('crypto/decrypt')],
  ['Message not accepted', refused('store/quota')],
  ['Message not delivered', refused('transport/refused')],
  ['Too many messages', refused('policy/rate-limited')],
]);

/** Start of the only text with a name in it: `Message is blocked by "…"`. */
const BLOCKED = 'Message is blocked';

/**
 * Interprets a receipt for the sender of the message: by its code, or by its text if there is no code.
 *
 * An unknown code or text is unclear. It must neither count as delivered nor end the sending of the message.
 */
export function receiptMeaning({
  code,
  text,
}: {
  readonly code?: string;
  readonly text?: string;
}): ReceiptMeaning {
  if (code !== undefined) return isFinal(code) ? refused(code) : UNCLEAR;
  if (text === undefined) return UNCLEAR;
  if (text.startsWith(BLOCKED)) return refused('policy/blocked');
  return TEXTS.get(text.replace(/\.$/, '')) ?? UNCLEAR;
}

function isFinal(code: string): code is ErrorCode {
  return FINAL.has(code);
}

function refused(code: ErrorCode): ReceiptMeaning {
  return { kind: 'refused', code };
}
