export type { Archive, LocalIdentity } from './archive.ts';
export type { AttachmentOptions } from './attachments.ts';
export { Barrack, type BarrackOptions, type SaveOutcome } from './barrack.ts';
export { bindReceiver } from './content-check.ts';
export type { Dialect, WireScope } from './dialects/dialect.ts';
export { destinationOf } from './direction.ts';
export { type ContentsOf, defineExtension, type Extension, type KeysOf } from './extension.ts';
export {
  DEFAULT_KEY_ROTATION,
  KeyCache,
  type KeyCacheOptions,
  type KeyRotation,
  type SendingKey,
} from './key-cache.ts';
export { MessageKeys } from './message-keys.ts';
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
export type { BlobOptions, BlobStore } from './ports/blob-store.ts';
export { type Clock, seconds, systemClock } from './ports/clock.ts';
export { type Logger, silentLogger } from './ports/logger.ts';
export { type Random, systemRandom } from './ports/random.ts';
export type { Store, StoreCapabilities, StoreChange, StoreKey } from './ports/store.ts';
export type { Transport, TransportContext, TransportFactory } from './ports/transport.ts';
export {
  type ContentsOfProtocol,
  createProtocol,
  type KeyNamesOfProtocol,
  type Protocol,
} from './protocol.ts';
export { splitMessage, trimMessage } from './split-message.ts';
export { type PackOptions, Transceiver, type TransceiverOptions } from './transceiver.ts';
export { isWaiting, type Waiting, waiting } from './waiting.ts';
