import { ERRORS, isProtocolError } from '@dimp/foundation';

/** Exit status by code (sysexits.h). Others come from the table of errors. */
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

/** A failure that is no protocol's: how the program was called and set up, what the system refused. */
export class CommandFailure extends Error {
  override readonly name: string = 'CommandFailure';
  readonly code: FailureCode;

  /** @param message - for the operator; one line, or several that say one thing each */
  constructor(code: FailureCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What is told of a failure, and the exit status. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly exit: number;
}

/** A failure that the running station has told of. */
export class RemoteFailure extends Error {
  override readonly name: string = 'RemoteFailure';
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** Whatever was thrown, in words: nothing of an error that nobody expected, for it may quote anything. */
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
