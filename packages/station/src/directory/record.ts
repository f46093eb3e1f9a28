import type { Logger } from '@dimp/core';
import { decodeRecordObject } from '@dimp/endpoint';
import type { JsonObject } from '@dimp/foundation';

/**
 * Reads a record. A damaged record counts as missing, and is logged.
 *
 * @param what - kind of record, for the log
 * @param decode - throws or returns undefined for an incomplete record
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
    // The cause is not logged: it may quote the record.
  }
  if (value === undefined) logger.error('damaged record', { what });
  return value;
}
