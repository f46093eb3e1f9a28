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
export type { SendPackage } from './connection/connection.ts';
export type { StationContact } from './connection/station-contact.ts';
export type { DeferredMessage, DeferredReason } from './inbox/deferred.ts';
export type { Evidence, EvidenceReader } from './inbox/evidence.ts';
export { DEFAULT_INBOX_LIMITS, type InboxLimits } from './inbox/inbox-store.ts';
export type { Answers, Handler, Middleware, Next } from './inbox/processors.ts';
export type { ReceiptPolicy } from './inbox/receipts.ts';
export type { IncomingMessage } from './messages/incoming-message.ts';
export type { DeliveryEvent, MessengerEvents } from './messenger/events.ts';
export { Messenger } from './messenger/messenger.ts';
export type {
  ConnectOptions,
  MessengerOptions,
  ReceivedContent,
  ReceivedMessage,
} from './messenger/messenger-options.ts';
export type { MessengerService, ServiceHost } from './messenger/messenger-service.ts';
export type { DeliveryState } from './outbox/delivery.ts';
export {
  Delivery,
  type DeliveryEvents,
  type DeliveryReport,
  type ReceiverReport,
} from './outbox/delivery.ts';
export type {
  GroupForm,
  GroupPackOptions,
  MessagePackOptions,
} from './outbox/message-packer.ts';
export { DEFAULT_RESEND_POLICY, type ResendPolicy } from './outbox/resend-timers.ts';
export type { SendOptions } from './outbox/send-options.ts';
export type {
  ContentService,
  OutgoingRecord,
  Sent,
  ServiceContext,
  ServiceMessage,
  Taken,
} from './services/service.ts';
