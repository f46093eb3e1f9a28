import type { Store, StoreChange } from '@dimp/core';
import type { Content, Draft, ReliableMessage } from '@dimp/dkd';
import type { JsonObject, MaybePromise } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { IncomingMessage } from '../messages/incoming-message.ts';

/** Part of a messenger that sees the contents which it receives and sends, and writes records for them. */
export interface ContentService {
  /** Unique among the services of a messenger. */
  readonly name: string;
  /**
   * Kinds of the contents that {@link take} is called for; `'*'` for all contents that are not commands. The messenger accepts
   * contents of these kinds even if the application has no handler for them. The kinds that the messenger processes itself, such
   * as `receipt`, are not allowed.
   */
  readonly kinds: '*' | readonly string[];
  /** Called by `Messenger.start`, before anything is received or sent. */
  start?(): MaybePromise<void>;
  /** Called by `Messenger.close`, when nothing is received or sent any more. */
  stop?(): MaybePromise<void>;
  /**
   * Names of the locks of the store that the messenger holds from {@link take} or {@link sent} until the batch is written, so
   * that other tabs and other calls of this program do not change what the service has read. A batch may be that of many
   * messages. The service takes the same locks for its own writes: one at a time, and none while it waits for `send`.
   */
  locks?(message: Pick<IncomingMessage, 'user' | 'envelope' | 'content'>): readonly string[];
  /**
   * Takes an incoming message, after it was decrypted and checked, and before its receipt. It may be called again for a message
   * whose batch could not be written. The contents of an array come one by one.
   *
   * @throws a `ProtocolError` to refuse the message: it is reported by the event `refused` and does not come again.
   *   `policy/rate-limited` and `store/` codes let it come again. Any other error is a fault of the service: it is reported by
   *   the event `handlerFailed`, and the message is not confirmed, so that its sender sends it again.
   */
  take?(message: ServiceMessage, context: ServiceContext): MaybePromise<Taken>;
  /**
   * Changes to write in the batch that writes a new outgoing message, for any of {@link kinds}.
   *
   * @throws an error that `Messenger.send` throws as well; the message is then not sent
   */
  sent?(record: OutgoingRecord, context: ServiceContext): MaybePromise<Sent>;
  /**
   * Whether a signed message inside a forward is evidence that this service reads, of any age. It is verified and given to
   * {@link take} without a check of freshness, membership or repetition.
   */
  evidence?(message: ReliableMessage): boolean;
  /**
   * Whether metas and documents of an entity that a peer sends unasked are stored. By default only those of the sender and of
   * entities that are known already.
   */
  wants?(entity: ID, sender: ID): MaybePromise<boolean>;
  /**
   * Further members for an outgoing content, such as a digest of the state of its group. Members that the content has already
   * stay.
   */
  extra?(content: Content, receiver: ID): MaybePromise<JsonObject>;
  /** Whether a sender may speak in a group. `wait` defers the message until the members of the group arrive. */
  membership?(
    group: ID,
    sender: ID,
    content: Content,
  ): MaybePromise<'yes' | 'no' | 'wait' | undefined>;
}

/** An incoming message, for services. */
export interface ServiceMessage extends IncomingMessage {
  readonly signature: Uint8Array;
  /** The array that has the content, if it came in one. */
  readonly array?: Content;
  /** The peer who has forwarded the message, if it came in a forward. */
  readonly forwarder?: ID;
  /** See {@link ContentService.evidence}. */
  readonly isEvidence?: true;
  /** The signed message itself, to be kept and passed on byte for byte; for evidence only. */
  readonly signed?: ReliableMessage;
}

/** Reads the store as it will be after the changes that wait for the same batch. Services read only here. */
export interface ServiceContext extends Pick<Store, 'get' | 'list'> {}

/** Result of {@link ContentService.take}. */
export interface Taken {
  /**
   * Written in one batch with the note that the message was received. Without changes, and if the message is not passed on,
   * nothing is written, and the sender gets no receipt. With an empty list the sender gets one.
   */
  readonly changes?: readonly StoreChange[];
  /** Sent to the sender of the message, like the answers of a handler. Evidence is not answered. */
  readonly answers?: readonly Draft[];
  /** Whether handlers, and the iteration over messages, get the message too; true by default. */
  readonly passOn?: boolean;
  /** Called when the changes are on disk. */
  readonly written?: () => void;
}

/** Result of {@link ContentService.sent}. */
export type Sent = Pick<Taken, 'changes' | 'written'>;

/** A new outgoing message, for services. */
export interface OutgoingRecord {
  /** Name of its delivery. */
  readonly id: string;
  readonly sender: ID;
  readonly receiver: ID;
  /** The stamped content. */
  readonly content: JsonObject;
  /** Milliseconds since the epoch. */
  readonly created: number;
}
