import type { Waiting } from '@dimp/core';
import type { Content, Envelope } from '@dimp/dkd';
import type { EventKinds, ProtocolError } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { DeferredMessage } from '../inbox/deferred.ts';
import type { IncomingMessage } from '../inbox/incoming-message.ts';

/** What a messenger tells of. None of it holds a secret; `unhandled` and `handlerFailed` hold what somebody wrote. */
export interface MessengerEvents {
  /** An incoming message was wrong: forged, damaged, too old, for nobody here. It is dropped; one from the future is kept until its time has come. */
  refused: { readonly error: ProtocolError; readonly sender?: ID };
  /** A command, or a content of an unknown type, that no handler is there for. */
  unhandled: { readonly envelope: Envelope; readonly content: Content };
  /** A handler threw, or its answer cannot be sent. The message comes again at the next start, until it has failed three times. */
  handlerFailed: { readonly message: IncomingMessage; readonly error: unknown };
  /** Something has to arrive before a message can go on, and was asked for. */
  waiting: Waiting;
  /** A message has arrived and is kept, but cannot be shown yet. See `Messenger.deferred`. */
  deferred: DeferredMessage;
  /**
   * A personal message came without authenticated encryption, from somebody who used it before: their program may be older
   * on another device, or somebody tries. Told once for each visa of the sender; nothing is refused.
   */
  weaker: { readonly sender: ID; readonly receiver: ID };
  /** The transport did not take a message; it is tried again. */
  transmitFailed: { readonly error: unknown };
  /** Work in the background failed: the store, most likely. Nothing that was acknowledged is lost. */
  failed: { readonly error: unknown };
  /** Of several tabs on one store, this one sends from now on: open the connection here. */
  leading: Record<never, never>;
  /** Somebody has said that the network can be reached again. */
  resumed: Record<never, never>;
  /** A step of the handshake with the station came in, without a session that sees to it (spec §9.4). */
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
  transmitFailed: true,
  failed: true,
  leading: true,
  resumed: true,
  handshake: true,
};
