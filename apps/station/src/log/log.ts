import type { Logger } from '@dimp/core';
import type { JsonObject } from '@dimp/foundation';
import pino, { type DestinationStream, type LoggerOptions } from 'pino';
import { type LogOutput, logOutput } from './log-output.ts';

/** Lowest level that is written to the log. */
export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

/** A log as lines of JSON. */
export interface Log extends Logger {
  /** Logs a detail, such as a new or closed connection. */
  trace(event: string, details?: JsonObject): void;
}

/** Members that each line has. */
const RESERVED: ReadonlySet<string> = new Set(['level', 'time', 'event', 'pid']);

/** Log output to the standard output, which does not block the program. */
export function standardOutput(): LogOutput {
  return logOutput(1);
}

/**
 * Creates a structured log. A line has `level`, `time` (ISO 8601), `pid`, `event` and the details of the event. The program
 * logs events and codes, never contents or secrets.
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
      logger[method](withoutReserved(details), event);
  return {
    trace: write('trace'),
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  };
}

/** Renames details that have the name of a reserved member. */
function withoutReserved(details: JsonObject): JsonObject {
  const names = Object.keys(details);
  if (!names.some((name) => RESERVED.has(name))) return details;
  return Object.fromEntries(
    Object.entries(details).map(([name, value]) => [RESERVED.has(name) ? `${name}_` : name, value]),
  );
}
