import { isRetryable } from './retryable.ts';

/** What a caller can do about an error of one code: try again or not, what to answer, how to exit. */
export interface ErrorEntry {
  /** The same call may succeed later without any change. */
  readonly retry: boolean;
  /** Text of the receipt a peer gets; it never tells more than the code does. */
  readonly receipt: string;
  /** Exit status of a command line program (sysexits.h where one fits). */
  readonly exit: number;
}

const ANSWERS = {
  'format/bytes': { receipt: 'Message format error.', exit: 65 },
  'format/json': { receipt: 'Message format error.', exit: 65 },
  'format/field': { receipt: 'Message format error.', exit: 65 },
  'format/limit': { receipt: 'Message too large.', exit: 65 },
  'unsupported/algorithm': { receipt: 'Content not support.', exit: 69 },
  'unsupported/content': { receipt: 'Content not support.', exit: 69 },
  'unsupported/address': { receipt: 'Content not support.', exit: 69 },
  'unsupported/meta': { receipt: 'Meta not valid.', exit: 69 },
  'unsupported/document': { receipt: 'Document not accepted.', exit: 69 },
  'unsupported/entity': { receipt: 'Content not support.', exit: 69 },
  'unsupported/version': { receipt: 'Content not support.', exit: 69 },
  'crypto/signature': { receipt: 'Message not valid.', exit: 76 },
  'crypto/decrypt': { receipt: 'Failed to decrypt message.', exit: 76 },
  'crypto/key': { receipt: 'Message not valid.', exit: 76 },
  'crypto/unavailable': { receipt: 'Content not support.', exit: 69 },
  'crypto/passphrase': { receipt: 'Permission denied.', exit: 77 },
  'identity/meta-mismatch': { receipt: 'Meta not valid.', exit: 76 },
  'identity/document-invalid': { receipt: 'Document not accepted.', exit: 76 },
  'identity/not-found': { receipt: 'Meta not found.', exit: 67 },
  'identity/expired': { receipt: 'Document not changed.', exit: 76 },
  'registry/duplicate': { receipt: 'Content not support.', exit: 70 },
  'registry/missing-dependency': { receipt: 'Content not support.', exit: 70 },
  'transport/closed': { receipt: 'Message not delivered.', exit: 75 },
  'transport/timeout': { receipt: 'Message not delivered.', exit: 75 },
  'transport/refused': { receipt: 'Message not delivered.', exit: 69 },
  'transport/unknown-host': { receipt: 'Message not delivered.', exit: 68 },
  'transport/unreachable': { receipt: 'Message not delivered.', exit: 69 },
  'transport/certificate': { receipt: 'Message not delivered.', exit: 76 },
  'transport/clock': { receipt: 'Message not delivered.', exit: 69 },
  'transport/protocol': { receipt: 'Message format error.', exit: 76 },
  'store/unavailable': { receipt: 'Message not accepted.', exit: 74 },
  'store/quota': { receipt: 'Message not accepted.', exit: 74 },
  'store/too-large': { receipt: 'Message too large.', exit: 65 },
  'store/conflict': { receipt: 'Message not accepted.', exit: 75 },
  'store/corrupt': { receipt: 'Message not accepted.', exit: 74 },
  'state/stopped': { receipt: 'Message not accepted.', exit: 75 },
  'state/not-ready': { receipt: 'Message not accepted.', exit: 75 },
  'policy/blocked': { receipt: 'Message is blocked.', exit: 77 },
  'policy/rate-limited': { receipt: 'Too many messages.', exit: 75 },
  'policy/expired': { receipt: 'Message not valid.', exit: 76 },
  'policy/unauthorized': { receipt: 'Permission denied.', exit: 77 },
} as const;

/**
 * The whole error vocabulary. A code is `area/reason`; both halves are stable public API.
 *
 * Every decryption failure has the one code `crypto/decrypt`, so that no oracle arises (spec §14.2 #21).
 */
export const ERRORS: { readonly [Code in ErrorCode]: ErrorEntry } = /* @__PURE__ */ makeTable();

function makeTable(): { readonly [Code in ErrorCode]: ErrorEntry } {
  const entries = Object.entries(ANSWERS).map(([code, answer]) => [
    code,
    Object.freeze({ ...answer, retry: isRetryable(code as ErrorCode) }),
  ]);
  return Object.freeze(Object.fromEntries(entries));
}

/** One of the codes in {@link ERRORS}. */
export type ErrorCode = keyof typeof ANSWERS;
/** The first half of a code: `format`, `crypto`, `identity` … */
export type ErrorArea = ErrorCode extends `${infer A}/${string}` ? A : never;
