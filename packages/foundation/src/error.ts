import type { JsonObject } from './json.ts';

/** What a caller can do about an error of one code: try again or not, what to answer, how to exit. */
export interface ErrorEntry {
  /** The same call may succeed later without any change. */
  readonly retry: boolean;
  /** Text of the receipt a peer gets; it never tells more than the code does. */
  readonly receipt: string;
  /** Exit status of a command line program (sysexits.h where one fits). */
  readonly exit: number;
}

const TABLE = {
  'format/bytes': { retry: false, receipt: 'Message format error.', exit: 65 },
  'format/json': { retry: false, receipt: 'Message format error.', exit: 65 },
  'format/field': { retry: false, receipt: 'Message format error.', exit: 65 },
  'format/limit': { retry: false, receipt: 'Message too large.', exit: 65 },
  'unsupported/algorithm': { retry: false, receipt: 'Content not support.', exit: 69 },
  'unsupported/content': { retry: false, receipt: 'Content not support.', exit: 69 },
  'unsupported/address': { retry: false, receipt: 'Content not support.', exit: 69 },
  'unsupported/meta': { retry: false, receipt: 'Meta not valid.', exit: 69 },
  'unsupported/document': { retry: false, receipt: 'Document not accepted.', exit: 69 },
  'unsupported/version': { retry: false, receipt: 'Content not support.', exit: 69 },
  'crypto/signature': { retry: false, receipt: 'Message not valid.', exit: 76 },
  'crypto/decrypt': { retry: false, receipt: 'Failed to decrypt message.', exit: 76 },
  'crypto/key': { retry: false, receipt: 'Message not valid.', exit: 76 },
  'crypto/unavailable': { retry: false, receipt: 'Content not support.', exit: 69 },
  'identity/meta-mismatch': { retry: false, receipt: 'Meta not valid.', exit: 76 },
  'identity/document-invalid': { retry: false, receipt: 'Document not accepted.', exit: 76 },
  'identity/not-found': { retry: false, receipt: 'Meta not found.', exit: 67 },
  'identity/expired': { retry: false, receipt: 'Document not changed.', exit: 76 },
  'registry/duplicate': { retry: false, receipt: 'Content not support.', exit: 70 },
  'registry/missing-dependency': { retry: false, receipt: 'Content not support.', exit: 70 },
  'transport/closed': { retry: true, receipt: 'Message not delivered.', exit: 75 },
  'transport/timeout': { retry: true, receipt: 'Message not delivered.', exit: 75 },
  'transport/refused': { retry: false, receipt: 'Message not delivered.', exit: 69 },
  'transport/protocol': { retry: true, receipt: 'Message format error.', exit: 76 },
  'store/unavailable': { retry: true, receipt: 'Message not accepted.', exit: 74 },
  'store/quota': { retry: false, receipt: 'Message not accepted.', exit: 74 },
  'store/conflict': { retry: true, receipt: 'Message not accepted.', exit: 75 },
  'store/corrupt': { retry: false, receipt: 'Message not accepted.', exit: 74 },
  'state/stopped': { retry: false, receipt: 'Message not accepted.', exit: 75 },
  'state/not-ready': { retry: false, receipt: 'Message not accepted.', exit: 75 },
  'policy/blocked': { retry: false, receipt: 'Message is blocked.', exit: 77 },
  'policy/rate-limited': { retry: true, receipt: 'Too many messages.', exit: 75 },
  'policy/unauthorized': { retry: false, receipt: 'Permission denied.', exit: 77 },
} as const;

/**
 * The whole error vocabulary. A code is `area/reason`; both halves are stable public API.
 *
 * Every decryption failure has the one code `crypto/decrypt`, so that no oracle arises (spec §14.2 #21).
 */
export const ERRORS: { readonly [Code in keyof typeof TABLE]: ErrorEntry } =
  /* @__PURE__ */ Object.freeze(TABLE);

/** One of the codes in {@link ERRORS}. */
export type ErrorCode = keyof typeof ERRORS;
/** The first half of a code: `format`, `crypto`, `identity` … */
export type ErrorArea = ErrorCode extends `${infer A}/${string}` ? A : never;

/** What a {@link ProtocolError} may carry besides its code and message. */
export interface ErrorOptions {
  /** JSON facts for programs and logs. Never a secret, never plaintext. */
  readonly details?: JsonObject;
  readonly cause?: unknown;
}

/**
 * The one error class of all packages: a stable `code`, JSON `details`, an optional `cause`.
 *
 * Misuse of our own API by a programmer is a `TypeError` or `RangeError` instead.
 *
 * @example
 * ```ts
 * try {
 *   protocol.parseID(text);
 * } catch (error) {
 *   if (isProtocolError(error, 'format/field')) console.log(error.details);
 * }
 * ```
 */
export class ProtocolError<C extends ErrorCode = ErrorCode> extends Error {
  override readonly name: string = 'ProtocolError';
  readonly code: C;
  readonly details: JsonObject;

  constructor(code: C, message: string, options: ErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.details = options.details ?? {};
    Object.defineProperty(this, mark(), { value: true });
  }

  /** Whether the same call may succeed later without any change. */
  get retryable(): boolean {
    return ERRORS[this.code].retry;
  }
}

/** `Symbol.for`, so that the mark holds across realms, workers and duplicated copies of this package. */
function mark(): symbol {
  return Symbol.for('@dimp/error');
}

/**
 * Tells whether a thrown value is a {@link ProtocolError}, and of one code when given.
 *
 * Does not use `instanceof`, so errors of another copy of this package count as well.
 */
export function isProtocolError<C extends ErrorCode = ErrorCode>(
  error: unknown,
  code?: C,
): error is ProtocolError<C> {
  return (
    typeof error === 'object' &&
    error !== null &&
    mark() in error &&
    (code === undefined || (error as { code?: unknown }).code === code)
  );
}
