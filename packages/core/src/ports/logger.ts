import type { JsonObject } from '@dimp/foundation';

/** Where events are reported to. Neither message texts nor secrets are ever passed. */
export interface Logger {
  debug(event: string, details?: JsonObject): void;
  info(event: string, details?: JsonObject): void;
  warn(event: string, details?: JsonObject): void;
  error(event: string, details?: JsonObject): void;
}

/** Reports nothing. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
};
