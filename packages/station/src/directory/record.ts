import type { Logger } from '@dimp/core';
import { decodeRecordObject } from '@dimp/endpoint';
import type { JsonObject } from '@dimp/foundation';

/**
 * Reads a record, which was right when it was written: one that is damaged counts as none, and is reported.
 *
 * @param what - kind of record, for the report
 * @param decode - may throw, or answer undefined, for what is missing
 */
export function readRecord<T>(
  bytes: Uint8Array,
  what: string,
  decode: (record: JsonObject) => T | undefined,
  logger: Logger,
): T | undefined {
  let value: T | undefined;
  try {
    value = decode(decodeRecordObject(bytes, what));
  } catch {
    // The cause is not told: it may quote what is stored.
  }
  if (value === undefined) logger.error('damaged record', { what });
  return value;
}
