import { ERRORS, isProtocolError } from '@dimp/foundation';

/** Exit status by code, as in sysexits.h. That of other codes is in `ERRORS`. */
const EXITS = {
  usage: 64,
  config: 78,
  'file/unreadable': 66,
  'file/unwritable': 73,
  'system/port-in-use': 69,
  'system/refused': 71,
  unhealthy: 1,
  internal: 70,
} as const;

/** A code that {@link CommandFailure} adds to those of `ERRORS`. */
export type FailureCode = keyof typeof EXITS;

/** A failure outside of the protocol: arguments, configuration, the operating system. */
export class CommandFailure extends Error {
  override readonly name: string = 'CommandFailure';
  readonly code: FailureCode;

  /** @param message - for the operator; several errors on a line each */
  constructor(code: FailureCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A failure as it is reported, and the exit status. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly exit: number;
}

/** A failure that the running station has reported. */
export class RemoteFailure extends Error {
  override readonly name: string = 'RemoteFailure';
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** Converts a thrown value to a failure. The message of an unexpected error is left out, because it may contain secrets. */
export function failureOf(error: unknown): Failure {
  if (error instanceof CommandFailure) {
    return { code: error.code, message: error.message, exit: EXITS[error.code] };
  }
  if (error instanceof RemoteFailure) return error.failure;
  if (isProtocolError(error)) {
    return {
      code: error.code,
      message: error.message,
      exit: ERRORS[error.code]?.exit ?? EXITS.internal,
    };
  }
  const system = systemCode(error);
  if (system !== undefined) {
    return { code: 'system/refused', message: `the system refused: ${system}`, exit: 71 };
  }
  const kind = error instanceof Error ? error.name : typeof error;
  return { code: 'internal', message: `unexpected ${kind}`, exit: EXITS.internal };
}

/** Code of an error of the operating system, such as `EACCES`. */
export function systemCode(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}
