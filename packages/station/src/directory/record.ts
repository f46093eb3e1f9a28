import {
  DEFAULT_JSON_LIMITS,
  type JsonObject,
  ProtocolError,
  parseJsonObject,
  stringifyJson,
  utf8Encode,
} from '@dimp/foundation';

/** A record holds what came in one message, and little more. */
const LIMITS = /* @__PURE__ */ Object.freeze({
  maxBytes: 4 * DEFAULT_JSON_LIMITS.maxBytes,
  maxDepth: DEFAULT_JSON_LIMITS.maxDepth + 8,
  maxMembers: 2 * DEFAULT_JSON_LIMITS.maxMembers,
});

/** The bytes of a record. */
export function encodeRecord(record: JsonObject): Uint8Array {
  return utf8Encode(stringifyJson(record));
}

/**
 * Reads a record, which was right when it was written: what is wrong now is damage.
 *
 * @param what - kind of record, for the error
 * @param read - may throw a protocol error for what is missing
 * @throws `store/corrupt`
 */
export function decodeRecord<T>(
  bytes: Uint8Array,
  what: string,
  read: (record: JsonObject) => T | undefined,
): T {
  let value: T | undefined;
  try {
    value = read(parseJsonObject(bytes, LIMITS));
  } catch {
    // The cause stays out: it may quote what is stored.
    value = undefined;
  }
  if (value === undefined) {
    throw new ProtocolError('store/corrupt', 'a stored record cannot be read', {
      details: { what },
    });
  }
  return value;
}
