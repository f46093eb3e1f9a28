import { getSystemErrorName } from 'node:util';
import { ERRORS, isProtocolError, type JsonObject } from '@dimp/foundation';
import { oneLine } from './text.ts';

/**
 * A failure outside of the protocol: wrong arguments, files, an interruption. The guide documents the codes, which do not
 * change.
 */
export class CommandFailure extends Error {
  override readonly name: string = 'CommandFailure';
  readonly code: FailureCode;
  readonly exit: number;
  /** Further members of the JSON output. */
  readonly facts: JsonObject | undefined;

  constructor(
    code: FailureCode,
    message: string,
    { exit = EXITS[code], facts, cause }: CommandFailureOptions = {},
  ) {
    super(message, { cause });
    this.code = code;
    this.exit = exit;
    this.facts = facts;
  }
}

/** Options for {@link CommandFailure}. */
export interface CommandFailureOptions {
  readonly exit?: number;
  readonly facts?: JsonObject;
  readonly cause?: unknown;
}

/** Exit status by code, as in sysexits.h; 128 plus the number of the signal for interruptions. */
const EXITS = {
  usage: 64,
  'file/unreadable': 66,
  'file/unwritable': 73,
  'identity/exists': 73,
  'no-home': 78,
  'no-station': 78,
  interrupted: 130,
  'output-closed': 141,
  internal: 70,
} as const;

/** Codes that {@link CommandFailure} adds to those of `ERRORS`. */
export type FailureCode = keyof typeof EXITS;

/** Whether a code is one of those that {@link CommandFailure} adds. */
export function isFailureCode(code: string): code is FailureCode {
  return Object.hasOwn(EXITS, code);
}

/** A failure as it is reported, and the exit status. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly exit: number;
  readonly facts?: JsonObject;
}

/** Converts a thrown value to a failure. The text of an unexpected error is left out, because it may contain secrets. */
export function failureOf(error: unknown): Failure {
  if (error instanceof CommandFailure) {
    const { code, message, exit, facts } = error;
    return { code, message: oneLine(message), exit, ...(facts === undefined ? {} : { facts }) };
  }
  if (isProtocolError(error)) {
    const { code, message, details } = error;
    return {
      code,
      message: `${oneLine(message)}${causeText(details)}`,
      exit: ERRORS[code]?.exit ?? EXITS.internal,
    };
  }
  const name = error instanceof Error ? error.name : typeof error;
  return { code: 'internal', message: `unexpected ${oneLine(name)}`, exit: EXITS.internal };
}

/** The process or the error of the system, if the details name one; other details appear in JSON only. */
function causeText({ pid, cause }: Readonly<Record<string, unknown>>): string {
  if (typeof pid === 'number') return ` (process ${pid})`;
  const name = typeof cause === 'number' && cause > 0 ? systemErrorName(cause) : cause;
  return typeof name === 'string' && /^E[A-Z0-9]+$/.test(name) ? ` (${name})` : '';
}

/** Name of an error number from native code, where the numbers are positive. */
function systemErrorName(number: number): string | undefined {
  try {
    return getSystemErrorName(-number);
  } catch {
    return undefined;
  }
}

/** The failure of wrong arguments. */
export function usage(message: string, facts?: JsonObject): CommandFailure {
  return new CommandFailure('usage', message, facts === undefined ? {} : { facts });
}

/** Whether the operating system has reported the error. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string';
}
