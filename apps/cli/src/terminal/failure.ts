import { getSystemErrorName } from 'node:util';
import { ERRORS, isProtocolError, type JsonObject } from '@dimp/foundation';
import { oneLine } from './text.ts';

/**
 * A failure that is no protocol's: how the program was called, its files, an interruption. The codes are part of what the
 * program promises, see the guide.
 */
export class CommandFailure extends Error {
  override readonly name: string = 'CommandFailure';
  readonly code: FailureCode;
  readonly exit: number;
  /** What programs are told besides. */
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

/** What a {@link CommandFailure} may be told besides code and message. */
export interface CommandFailureOptions {
  readonly exit?: number;
  readonly facts?: JsonObject;
  readonly cause?: unknown;
}

/** Exit status by code (sysexits.h; 128 and the number of the signal). */
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

/** What is told of a failure, and the exit status. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly exit: number;
  readonly facts?: JsonObject;
}

/** Whatever was thrown, in words: never with a secret, and nothing of an error that nobody expected. */
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

/** Which process it is, or what the system said, helps; other details are for programs. */
function causeText({ pid, cause }: Readonly<Record<string, unknown>>): string {
  if (typeof pid === 'number') return ` (process ${pid})`;
  const name = typeof cause === 'number' && cause > 0 ? systemErrorName(cause) : cause;
  return typeof name === 'string' && /^E[A-Z0-9]+$/.test(name) ? ` (${name})` : '';
}

/** Native code tells numbers, which are positive there. */
function systemErrorName(number: number): string | undefined {
  try {
    return getSystemErrorName(-number);
  } catch {
    return undefined;
  }
}

/** Wrong arguments. */
export function usage(message: string, facts?: JsonObject): CommandFailure {
  return new CommandFailure('usage', message, facts === undefined ? {} : { facts });
}

/** Whether the system refused to do something with a file. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string';
}
