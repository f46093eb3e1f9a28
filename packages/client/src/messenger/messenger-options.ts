import type { ContentsOfProtocol, Dialect, Protocol, Random, Timers } from '@dimp/core';
import type { Content, InstantMessage, UnknownContent } from '@dimp/dkd';
import type { Facebook, FreshnessPolicy, KeyStore } from '@dimp/endpoint';
import type { ID } from '@dimp/mkm';
import type { SendPackage } from '../connection/connection.ts';
import type { StationContact } from '../connection/station-contact.ts';
import type { InboxLimits } from '../inbox/inbox-store.ts';
import type { ReceiptPolicy } from '../inbox/receipts.ts';
import type { GroupForm } from '../outbox/message-packer.ts';
import type { ResendPolicy } from '../outbox/resend-timers.ts';

/** What a messenger is made with. */
export interface MessengerOptions<P extends Protocol> {
  readonly facebook: Facebook<P>;
  /** Message keys; in the facebook's store by default. */
  readonly keyStore?: KeyStore;
  /** How peers want things spelled; today's network by default. */
  readonly dialect?: Dialect;
  /** Symmetric algorithm of new message keys, `AES` by default. */
  readonly cipher?: string;
  /** The way to the network, if it is there all the time; otherwise see {@link Messenger.connect}. */
  readonly sendPackage?: SendPackage;
  /** The station we have dialled: handshakes and refusals of others do not count. */
  readonly station?: ID;
  /** Answers questions about everybody it knows, as stations and archives do; otherwise about its own users only. */
  readonly directory?: boolean;
  readonly resend?: Partial<ResendPolicy>;
  readonly freshness?: Partial<FreshnessPolicy>;
  /** How many messages wait for the application; others are refused, `policy/rate-limited`, and come again. */
  readonly inbox?: Partial<InboxLimits>;
  /** How long a message waits for the one before it, in milliseconds; ten minutes by default. */
  readonly orderTimeout?: number;
  /**
   * Whom the program tells by itself that a message has arrived, `careful` by default: those whom the user knows at once,
   * strangers if it is proven that they know what they have sent, at most 60 an hour for each; others when the user writes
   * to them, adds or accepts them. `everybody` is for bots that answer everybody anyway.
   */
  readonly receipts?: ReceiptPolicy;
  readonly timers?: Timers;
  readonly random?: Random;
}

/** Options of sending one content. */
export interface SendOptions {
  /** User of this machine who speaks; the current one by default. */
  readonly sender?: ID;
  /** How a group gets it; hidden below 16 members by default, split from there on. */
  readonly form?: GroupForm;
}

/** Options of sending and receiving over a transport. */
export interface ConnectOptions {
  readonly signal?: AbortSignal;
  readonly station?: StationContact;
}

/** A message in the clear, with a content this protocol knows or an unknown one. */
export type ReceivedMessage<P extends Protocol> = InstantMessage<ReceivedContent<P>>;
/** A content this protocol knows, or an unknown one. */
export type ReceivedContent<P extends Protocol> =
  | (ContentsOfProtocol<P> & Content)
  | UnknownContent;
