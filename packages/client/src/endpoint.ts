/**
 * Parts of endpoints that are no messenger: of stations and bots. They answer the commands that every endpoint
 * understands, keep the rules of which message gets which answer, and know nothing of outboxes and connections. With the
 * functions that read and write JSON records of a store.
 *
 * @module
 */

export { isMessageID } from './messenger/message-id.ts';
export {
  type ArrayBody,
  commandReceipt,
  type DocumentsBody,
  type ForwardBody,
  type HandshakeBody,
  type MetaBody,
  type ReceiptBody,
  receiptDraft,
  unsupportedReceipt,
} from './processing/bodies.ts';
export { expectsReceipt, isCommand } from './processing/content-kinds.ts';
export { OncePer } from './processing/once.ts';
export { type Command, type StandardContext, StandardProcessors } from './processing/standard.ts';
export { type Answer, answersTo } from './receiving/answer.ts';
export { DEFAULT_FRESHNESS, Freshness, type FreshnessPolicy } from './receiving/freshness.ts';
export {
  corruptRecord,
  decodePart,
  decodeRecord,
  decodeRecordObject,
  encodeRecord,
} from './record.ts';
export { backOff } from './session/back-off.ts';
export {
  type AcceptedStep,
  Handshake as StationHandshake,
  type ProveStep,
} from './session/handshake.ts';
