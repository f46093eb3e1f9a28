import type { Logger } from '@dimp/core';
import type { JsonObject } from '@dimp/foundation';
import pino, { type DestinationStream, type LoggerOptions } from 'pino';
import { type LogOutput, logOutput } from './log-output.ts';

/** How much is written to the log: what is named, and what is worse. */
export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

/** A log in lines of JSON. */
export interface Log extends Logger {
  /** Single steps, such as connections that come and go. */
  trace(event: string, details?: JsonObject): void;
}

/** Members that each line has already. */
const TAKEN: ReadonlySet<string> = new Set(['level', 'time', 'event', 'pid']);

/** The standard output, without blocking the program. */
export function standardOutput(): LogOutput {
  return logOutput(1);
}

/**
 * A log of structured lines: `level`, `time` (ISO 8601), `pid`, `event`, and the details of the event. The program passes it
 * events and codes, never contents or secrets.
 */
export function structuredLog(level: LogLevel, output: DestinationStream): Log {
  const options: LoggerOptions = {
    level,
    base: { pid: process.pid },
    messageKey: 'event',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  };
  const logger = pino(options, output);
  const write =
    (method: 'trace' | 'debug' | 'info' | 'warn' | 'error') =>
    (event: string, details: JsonObject = {}): void =>
      logger[method](apart(details), event);
  return {
    trace: write('trace'),
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  };
}

/** A detail must not pass for the level or the time of a line. */
function apart(details: JsonObject): JsonObject {
  const names = Object.keys(details);
  if (!names.some((name) => TAKEN.has(name))) return details;
  return Object.fromEntries(
    Object.entries(details).map(([name, value]) => [TAKEN.has(name) ? `${name}_` : name, value]),
  );
}
