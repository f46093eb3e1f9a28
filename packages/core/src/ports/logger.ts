import type { JsonObject } from '@dimp/foundation';

/** Receives log events. They contain neither message texts nor secrets. */
export interface Logger {
  debug(event: string, details?: JsonObject): void;
  info(event: string, details?: JsonObject): void;
  warn(event: string, details?: JsonObject): void;
  error(event: string, details?: JsonObject): void;
}

/** Logs nothing. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
};
