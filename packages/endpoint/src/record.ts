import {
  isJsonObject,
  isProtocolError,
  type Json,
  type JsonLimits,
  type JsonObject,
  ProtocolError,
  parseJson,
  stringifyJson,
  utf8Encode,
} from '@dimp/foundation';

/** Limits for stored records: a member list may be larger than a message. */
const RECORD_LIMITS: JsonLimits = /* @__PURE__ */ Object.freeze({
  maxBytes: 64 * 1024 * 1024,
  maxDepth: 64,
  maxMembers: 1_048_576,
});

/** Encodes a JSON record. */
export function encodeRecord(value: Json): Uint8Array {
  return utf8Encode(stringifyJson(value));
}

/**
 * Decodes a JSON record of a store.
 *
 * @param what - kind of record, for the error
 * @throws `store/corrupt` for bytes that are not JSON
 */
export function decodeRecord(bytes: Uint8Array, what: string): Json {
  try {
    return parseJson(bytes, RECORD_LIMITS);
  } catch {
    // Without the cause, which may quote the record.
    throw corruptRecord(what);
  }
}

/** {@link decodeRecord} for a record that must be an object. */
export function decodeRecordObject(bytes: Uint8Array, what: string): JsonObject {
  const value = decodeRecord(bytes, what);
  if (!isJsonObject(value)) throw corruptRecord(what);
  return value;
}

/**
 * Decodes a part of a record, such as an ID or a key. It was valid when it was written, so an error means damage. An algorithm or
 * address family that is no longer registered is not damage.
 *
 * @throws `store/corrupt`, `unsupported/` codes
 */
export function decodePart<T>(what: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (isProtocolError(error) && error.code.startsWith('unsupported/')) throw error;
    // Without the cause, which may quote a private key.
    throw corruptRecord(what);
  }
}

/** Creates the error for a damaged record. */
export function corruptRecord(what: string): ProtocolError<'store/corrupt'> {
  return new ProtocolError('store/corrupt', 'a stored record cannot be read', {
    details: { what },
  });
}
