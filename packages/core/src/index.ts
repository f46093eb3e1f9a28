export type { Archive, LocalIdentity } from './barrack/archive.ts';
export {
  BARRACK_EVENTS,
  Barrack,
  type BarrackEvents,
  type BarrackOptions,
  type SaveOutcome,
} from './barrack/barrack.ts';
export { ACCEPTS_AEAD, type ReceiverKey } from './barrack/receiver-keys.ts';
export type { Dialect, WireScope } from './dialects/dialect.ts';
export {
  type AckPayload,
  DEFAULT_PAYLOAD_LIMITS,
  type IgnoredPayload,
  type MessagesPayload,
  type Payload,
  type PayloadLimits,
  type PingPayload,
  readPayload,
} from './payload.ts';
export type {
  BlobSource,
  BlobStore,
  DownloadOptions,
  UploadOptions,
} from './ports/blob-store.ts';
export { type Clock, seconds, systemClock } from './ports/clock.ts';
export { type Logger, silentLogger } from './ports/logger.ts';
export { type Random, systemRandom } from './ports/random.ts';
export { sleep } from './ports/sleep.ts';
export type {
  Store,
  StoreCapabilities,
  StoreChange,
  StoreKey,
  StoreSharing,
} from './ports/store.ts';
export {
  checkStoreKey,
  checkStorePrefix,
  compareStoreKeys,
  MAX_STORE_KEY_BYTES,
  MAX_STORE_KEY_PARTS,
} from './ports/store-key.ts';
export { withLock } from './ports/store-lock.ts';
export { type SubStoreOrigin, subStore, subStoreOrigin } from './ports/sub-store.ts';
export { systemTimers, type Timers } from './ports/timers.ts';
export type { Arrival, Transport, TransportContext, TransportFactory } from './ports/transport.ts';
export {
  type ContentsOf,
  defineExtension,
  type Extension,
  type KeysOf,
} from './protocol/extension.ts';
export {
  type ContentsOfProtocol,
  createProtocol,
  type KeyNamesOfProtocol,
  type Protocol,
} from './protocol/protocol.ts';
export type { AttachmentOptions } from './transceiver/attachments.ts';
export { bindEnvelope } from './transceiver/content-check.ts';
export { destinationOf } from './transceiver/direction.ts';
export {
  DEFAULT_KEY_ROTATION,
  KeyCache,
  type KeyCacheOptions,
  type KeyRotation,
  type SendingKey,
} from './transceiver/key-cache.ts';
export { pairFingerprint } from './transceiver/key-names.ts';
export {
  type KeyClaim,
  type KeyOwner,
  KeyOwners,
  type KeyOwnersOptions,
  settleClaim,
} from './transceiver/key-owners.ts';
export { MessageKeys, type UnwrappedKey } from './transceiver/message-keys.ts';
export type { TransceiverEvents } from './transceiver/message-opener.ts';
export type { DecryptFailure, DecryptOptions, Opening } from './transceiver/opening.ts';
export { splitMessage, trimMessage } from './transceiver/split-message.ts';
export {
  type PackOptions,
  Transceiver,
  type TransceiverOptions,
} from './transceiver/transceiver.ts';
export { isWaiting, type Waiting, waiting } from './transceiver/waiting.ts';
