import type { Waiting } from '@dimp/core';
import type { Content, Envelope } from '@dimp/dkd';
import type { EventKinds, ProtocolError } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { DeferredMessage } from '../inbox/deferred.ts';
import type { IncomingMessage } from '../messages/incoming-message.ts';
import type { Delivery } from '../outbox/delivery.ts';

/** A change of a {@link Delivery}. */
export type DeliveryEvent = Pick<Delivery, 'id' | 'sender' | 'receiver' | 'content' | 'report'>;

/** Events of {@link Messenger}. None of them holds a secret; `unhandled` and `handlerFailed` hold what a peer wrote. */
export interface MessengerEvents {
  /**
   * An incoming message was refused: forged, damaged, too old, or for a user who is not here. It is dropped. A message
   * from the future is kept until its time has come.
   */
  refused: { readonly error: ProtocolError; readonly sender?: ID };
  /** A command or a content of an unknown type has no handler. */
  unhandled: { readonly envelope: Envelope; readonly content: Content };
  /**
   * A handler threw, or its answer cannot be sent. The message is handled again at the next start, until it has failed
   * three times.
   */
  handlerFailed: { readonly message: IncomingMessage; readonly error: unknown };
  /** A message waits for a meta, a visa or a member list, which was requested. */
  waiting: Waiting;
  /** A message has arrived but cannot be shown yet. See `Messenger.deferred`. */
  deferred: DeferredMessage;
  /**
   * A personal message came without authenticated encryption, from a sender who used it before. They may have an older
   * program on another device, or it may be an attack. Emitted once for each visa of the sender. The message is
   * accepted.
   */
  weaker: { readonly sender: ID; readonly receiver: ID };
  /**
   * An outgoing message was put on disk, or its state has changed: one of this program, of an earlier run, or of another
   * tab.
   */
  delivery: DeliveryEvent;
  /** The transport did not accept a message. It will be sent again. */
  transmitFailed: { readonly error: unknown };
  /** Background work failed, most likely because of the store. No acknowledged message is lost. */
  failed: { readonly error: unknown };
  /** This messenger leads from now on, of several tabs on one store. Open the connection here. */
  leading: Record<never, never>;
  /** The network can be reached again, see `Messenger.resume`. */
  resumed: Record<never, never>;
  /** A step of the handshake with the station arrived, and no session handles it (spec §9.4). */
  handshake: {
    readonly station: ID;
    readonly state: 'again' | 'success';
    readonly session?: string;
  };
}

/** All kinds of {@link MessengerEvents}. */
export const MESSENGER_EVENTS: EventKinds<MessengerEvents> = {
  refused: true,
  deferred: true,
  unhandled: true,
  handlerFailed: true,
  waiting: true,
  weaker: true,
  delivery: true,
  transmitFailed: true,
  failed: true,
  leading: true,
  resumed: true,
  handshake: true,
};
