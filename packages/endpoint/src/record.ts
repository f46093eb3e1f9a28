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

/** Bounds of what is read back: a list of members may be longer than what fits into one message. */
const RECORD_LIMITS: JsonLimits = /* @__PURE__ */ Object.freeze({
  maxBytes: 64 * 1024 * 1024,
  maxDepth: 64,
  maxMembers: 1_048_576,
});

/** The bytes of a JSON record. */
export function encodeRecord(value: Json): Uint8Array {
  return utf8Encode(stringifyJson(value));
}

/**
 * Reads a JSON record of a store.
 *
 * @param what - kind of record, for the error
 * @throws `store/corrupt` for bytes that are no JSON
 */
export function decodeRecord(bytes: Uint8Array, what: string): Json {
  try {
    return parseJson(bytes, RECORD_LIMITS);
  } catch {
    // The cause stays out: it may quote what is stored.
    throw corruptRecord(what);
  }
}

/** {@link decodeRecord} of a record that has to be an object. */
export function decodeRecordObject(bytes: Uint8Array, what: string): JsonObject {
  const value = decodeRecord(bytes, what);
  if (!isJsonObject(value)) throw corruptRecord(what);
  return value;
}

/**
 * Reads a part of a record that was right when it was written, such as an ID or a key: what is wrong now is damage. An
 * algorithm or address family that is not registered any more is none.
 *
 * @throws `store/corrupt`, `unsupported/` codes
 */
export function decodePart<T>(what: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (isProtocolError(error) && error.code.startsWith('unsupported/')) throw error;
    // The cause stays out: it may quote a private key.
    throw corruptRecord(what);
  }
}

/** The error for a record that is not what was written. */
export function corruptRecord(what: string): ProtocolError<'store/corrupt'> {
  return new ProtocolError('store/corrupt', 'a stored record cannot be read', {
    details: { what },
  });
}
