import { ERRORS, type ErrorCode, isProtocolError } from '@dimp/foundation';

/** A refusal of a message, and its receipt. Thrown inside the ingress only. */
export class Refused extends Error {
  override readonly name: string = 'Refused';
  readonly code: ErrorCode;
  /** Text of the receipt. */
  readonly text: string;

  constructor(code: ErrorCode, text: string = ERRORS[code].receipt) {
    super(code);
    this.code = code;
    this.text = text;
  }
}

/** Whether an error is a refusal. */
export function isRefused(error: unknown): error is Refused {
  return error instanceof Refused;
}

/** Converts an error to a refusal; undefined for an error that is a bug. */
export function refusalOf(error: unknown): Refused | undefined {
  if (error instanceof Refused) return error;
  return isProtocolError(error) ? new Refused(error.code) : undefined;
}

/**
 * Whether the same message may be accepted later. A damaged record is excluded, because it would be sent again for
 * ever.
 */
export function isStoreFailure(error: unknown): boolean {
  if (!isProtocolError(error)) return false;
  const { code } = error;
  return (
    code === 'store/unavailable' ||
    code === 'store/quota' ||
    code === 'store/conflict' ||
    code === 'state/stopped'
  );
}

export function kindOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
