import { ERRORS, type ErrorCode, isProtocolError } from '@dimp/foundation';

/** Why a message goes no further, and what its sender is told. Thrown within the ingress, and never out of it. */
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

/** Whether something that was thrown is a refusal. */
export function isRefused(error: unknown): error is Refused {
  return error instanceof Refused;
}

/** What something that was thrown is to its sender; undefined for a mistake of ours. */
export function refusalOf(error: unknown): Refused | undefined {
  if (error instanceof Refused) return error;
  return isProtocolError(error) ? new Refused(error.code) : undefined;
}

/** Whether the same message may be taken later. Not for a damaged record: that would come back for ever. */
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
