import type { ErrorCode } from '@dimp/foundation';

/** What a receipt says of the message that it names (spec §9.6, §9.17). */
export type ReceiptMeaning =
  /** Whoever wrote it has the message. */
  | { readonly kind: 'accepted' }
  /** Whoever wrote it has refused the message for good. */
  | { readonly kind: 'refused'; readonly code: ErrorCode }
  /** Nothing that a program could go by: the message may or may not have arrived. */
  | { readonly kind: 'unclear' };

const ACCEPTED: ReceiptMeaning = /* @__PURE__ */ Object.freeze({ kind: 'accepted' });
const UNCLEAR: ReceiptMeaning = /* @__PURE__ */ Object.freeze({ kind: 'unclear' });

/**
 * Which codes end the sending of a message. Those that are missing here describe the present state of whoever wrote the
 * receipt and not the message: the same message may be taken a moment later.
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

/** What peers say that write no code, without the full stop at the end, which the oldest leave out (spec §9.17). */
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

/** The only text with a name in it: `Message is blocked by "…"`. */
const BLOCKED = 'Message is blocked';

/**
 * What a receipt means to whoever sent the message: by its code, and only for peers that write none by its text.
 *
 * A code that is not known, or text that is not known, means nothing: a message that nobody has must not count as
 * delivered, and words that nobody has agreed on must not end its sending.
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
