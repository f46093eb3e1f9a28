export type { Content, Draft, DraftOf, UnknownContent } from './content.ts';
export {
  type ContentRegistry,
  type ContentRegistryContext,
  contentRegistry,
  type StampOptions,
} from './content-registry.ts';
export {
  type AnyContentType,
  type ContentContext,
  type ContentDefinition,
  type ContentMatch,
  type ContentOf,
  type ContentType,
  defineContent,
  isContentOf,
} from './content-type.ts';
export { type Envelope, isBroadcast } from './envelope.ts';
export { MAX_CONTENT_IDS } from './id-budget.ts';
export type { InstantMessage, ReliableMessage, SecureMessage, Verified } from './message.ts';
export { parseEnvelope, parseReliableMessage } from './parse-message.ts';
export { type ReceiptMeaning, receiptMeaning } from './receipt-meaning.ts';
export { MAX_SERIAL_NUMBER, serialNumbers } from './serial-number.ts';
export { STATION_MEMBERS, withoutStationMembers } from './station-members.ts';
