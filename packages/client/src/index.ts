export type { Contact, DirectCommand } from '@dimp/endpoint';
export {
  type CreateGroupOptions,
  createGroup,
  DEFAULT_FRESHNESS,
  ensureUser,
  Facebook,
  type FacebookEvents,
  type FacebookOptions,
  type FreshnessPolicy,
  KeyStore,
  type KeyStoreOptions,
  type LocalUserRecord,
  messageID,
  type RegisterOptions,
  register,
} from '@dimp/endpoint';
export {
  Delivery,
  type DeliveryEvents,
  type DeliveryReport,
  type ReceiverReport,
} from './delivery/delivery.ts';
export type { DeliveryState } from './delivery/delivery-state.ts';
export { DEFAULT_RESEND_POLICY, type ResendPolicy } from './delivery/resending.ts';
export type { MessengerEvents } from './messenger/events.ts';
export type { SendPackage } from './messenger/link.ts';
export type {
  GroupForm,
  GroupPackOptions,
  MessagePackOptions,
} from './messenger/message-packer.ts';
export {
  type ConnectOptions,
  Messenger,
  type ReceivedContent,
  type ReceivedMessage,
  type SendOptions,
} from './messenger/messenger.ts';
export type { MessengerOptions } from './messenger/messenger-options.ts';
export type { StationContact } from './messenger/station-contact.ts';
export type { Answers, Handler, Middleware, Next } from './processing/processors.ts';
export type { DeferredMessage, DeferredReason } from './receiving/deferred.ts';
export type { Evidence, EvidenceReader } from './receiving/evidence.ts';
export { DEFAULT_INBOX_LIMITS, type InboxLimits, type IncomingMessage } from './receiving/inbox.ts';
export type { ReceiptPolicy } from './receiving/receipts.ts';
