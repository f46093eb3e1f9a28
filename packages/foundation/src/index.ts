export { type Deferred, deferred, raceAbort, untilAborted } from './async.ts';
export { decodeBase58, encodeBase58 } from './base58.ts';
export { decodeBase64, encodeBase64, encodeBase64Url } from './base64.ts';
export type { Brand } from './brand.ts';
export { concatBytes, equalBytes, randomBytes, utf8Decode, utf8Encode } from './bytes.ts';
export { fieldError, toBoolean, toNumber, toText, toTime } from './coerce.ts';
export { definedOnly } from './defined-only.ts';
export {
  asyncDisposeSymbol,
  disposeSymbol,
  type Handle,
  makeHandle,
  onAsyncDispose,
  onDispose,
} from './dispose.ts';
export { type ErrorOptions, isProtocolError, ProtocolError } from './error.ts';
export { ERRORS, type ErrorEntry } from './error-catalog.ts';
export type { ErrorArea, ErrorCode } from './error-table.ts';
export {
  type EventKinds,
  type EventSource,
  Events,
  type EventsOptions,
  type Listener,
} from './events.ts';
export {
  askForeign,
  callForeign,
  type ForeignFailure,
  foreignError,
  isThenable,
  showError,
} from './foreign.ts';
export { decodeHex, encodeHex } from './hex.ts';
export {
  equalJson,
  isJsonObject,
  type Json,
  type JsonObject,
  type MaybePromise,
  ownMember,
} from './json.ts';
export {
  DEFAULT_JSON_LIMITS,
  type JsonLimits,
  parseJson,
  parseJsonObject,
  stringifyJson,
} from './json-gate.ts';
export { memberPositions } from './json-members.ts';
export { LruMap, type Reduction } from './lru.ts';
export { isOurFault, isStoreError, rethrowOurFault, type StoreErrorCode } from './our-fault.ts';
export {
  decodeTed,
  encodeDataUri,
  encodeTed,
  parseTed,
  type TransportableData,
} from './ted.ts';
