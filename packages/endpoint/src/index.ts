export type {
  ArrayBody,
  DocumentsCommandBody as DocumentsBody,
  ForwardBody,
  HandshakeBody,
  MetaCommandBody as MetaBody,
  ReceiptBody,
} from '@dimp/dkd/commands';
export type { Command, DirectCommand } from './commands/command.ts';
export { expectsReceipt, isCommand, STANDARD_KINDS } from './commands/content-kinds.ts';
export { Cooldown } from './commands/cooldown.ts';
export { type Ask, type Cause, QUERY_INTERVAL, Queries } from './commands/queries.ts';
export {
  commandReceipt,
  receiptDraft,
  unsupported,
  unsupportedReceipt,
} from './commands/receipts.ts';
export { type StandardContext, StandardProcessors } from './commands/standard.ts';
export { announces, FILE_STREAM } from './facebook/abilities.ts';
export type { Contact } from './facebook/contact-records.ts';
export {
  Facebook,
  type FacebookEvents,
  type FacebookOptions,
} from './facebook/facebook.ts';
export type { LocalUserRecord } from './facebook/save-user.ts';
export { exportKeyOwners, importKeyOwners, StoredKeyOwners } from './keys/key-owners.ts';
export { KeyStore, type KeyStoreOptions } from './keys/key-store.ts';
export { backOff } from './login/back-off.ts';
export { type AcceptedStep, type ProveStep, StationHandshake } from './login/handshake.ts';
export {
  isGoodConnection,
  type ReconnectOptions,
  reconnect,
  reconnectPolicy,
} from './login/reconnect.ts';
export { type Answer, answersTo } from './messages/answer.ts';
export {
  DEFAULT_FRESHNESS,
  Freshness,
  type FreshnessPolicy,
  isAhead,
  waitOf,
} from './messages/freshness.ts';
export { isMessageID, messageID } from './messages/message-id.ts';
export {
  corruptRecord,
  decodePart,
  decodeRecord,
  decodeRecordObject,
  encodeRecord,
} from './record.ts';
export {
  type CreateGroupOptions,
  createGroup,
  ensureUser,
  type RegisterOptions,
  register,
} from './register.ts';
export { requireID } from './require-id.ts';
export { RESERVED_NAMES } from './reserved-names.ts';
