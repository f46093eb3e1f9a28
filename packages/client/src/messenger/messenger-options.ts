import type { ContentsOfProtocol, Dialect, Protocol, Random, Timers } from '@dimp/core';
import type { Content, InstantMessage, UnknownContent } from '@dimp/dkd';
import type { Facebook, FreshnessPolicy, KeyStore } from '@dimp/endpoint';
import type { ID } from '@dimp/mkm';
import type { SendPackage } from '../connection/connection.ts';
import type { StationContact } from '../connection/station-contact.ts';
import type { InboxLimits } from '../inbox/inbox-store.ts';
import type { ReceiptPolicy } from '../inbox/receipts.ts';
import type { ResendPolicy } from '../outbox/resend-timers.ts';
import type { MessengerService } from './messenger-service.ts';

/** Options for {@link Messenger}. */
export interface MessengerOptions<P extends Protocol> {
  readonly facebook: Facebook<P>;
  /** Store of message keys; in the facebook's store by default. */
  readonly keyStore?: KeyStore;
  /** Spelling of the wire format; that of today's network by default. */
  readonly dialect?: Dialect;
  /** Symmetric algorithm of new message keys, `AES` by default. */
  readonly cipher?: string;
  /** Sends over a network that is always there. For connections see {@link Messenger.connect}. */
  readonly sendPackage?: SendPackage;
  /** The station we are connected to. Handshakes and refusals of other stations do not count. */
  readonly station?: ID;
  /**
   * Whether it answers questions about all entities it knows, as stations and archives do. By default it answers about
   * its own users only.
   */
  readonly directory?: boolean;
  readonly resend?: Partial<ResendPolicy>;
  readonly freshness?: Partial<FreshnessPolicy>;
  /**
   * Limits on messages that wait for the application. Further ones are refused with `policy/rate-limited` and come
   * again.
   */
  readonly inbox?: Partial<InboxLimits>;
  /** How long a message waits for the one before it, in milliseconds; ten minutes by default. */
  readonly orderTimeout?: number;
  /**
   * Who gets receipts, `careful` by default: peers whom the user knows get them at once; strangers who have proven that
   * they know what they have sent get at most 60 an hour each; other strangers get them when the user writes to them,
   * adds or accepts them. `everybody` is for bots that answer every peer anyway.
   */
  readonly receipts?: ReceiptPolicy;
  /**
   * Parts between the messenger and the application, such as a history of conversations. They get each message in this
   * order.
   */
  readonly services?: readonly MessengerService[];
  readonly timers?: Timers;
  readonly random?: Random;
}

/** Options for `Messenger.connect`. */
export interface ConnectOptions {
  readonly signal?: AbortSignal;
  readonly station?: StationContact;
}

/** A decrypted message, with a content of this protocol or an unknown one. */
export type ReceivedMessage<P extends Protocol> = InstantMessage<ReceivedContent<P>>;
/** A content of this protocol, or an unknown one. */
export type ReceivedContent<P extends Protocol> =
  | (ContentsOfProtocol<P> & Content)
  | UnknownContent;
