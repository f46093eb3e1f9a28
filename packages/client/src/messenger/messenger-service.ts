import type { Timers } from '@dimp/core';
import type { Draft } from '@dimp/dkd';
import type { Facebook } from '@dimp/endpoint';
import type { EventSource } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { Delivery } from '../outbox/delivery.ts';
import type { SendOptions } from '../outbox/send-options.ts';
import type { ContentService } from '../services/service.ts';
import type { MessengerEvents } from './events.ts';

/**
 * A part between the messenger and the application, such as a history of conversations. What a service writes for a message
 * lies in the same batch as the note that the message was received, so a crash can neither lose nor repeat it.
 */
export interface MessengerService extends ContentService {
  /** Called once, when the messenger is constructed. Nothing is received before {@link start} resolves. */
  attach?(host: ServiceHost): void;
}

/** Part of a messenger that its services may call. */
export interface ServiceHost extends EventSource<MessengerEvents> {
  readonly facebook: Facebook;
  readonly timers: Timers;
  /** See `Messenger.send`. */
  send(draft: Draft, receiver: ID, options?: SendOptions): Promise<Delivery>;
  /**
   * Sends a content that means something for a moment only, such as a sign that the user types: neither stored nor repeated.
   * In a group, members without a key are left out.
   *
   * @param options.until - when it becomes worthless, in milliseconds since the epoch
   * @returns whether it was handed to a connected transport
   * @throws the codes of `Messenger.send` for a content that cannot be sent
   */
  sendNow(
    draft: Draft,
    receiver: ID,
    options: { readonly until: number; readonly sender?: ID },
  ): Promise<boolean>;
  /** See `Messenger.accept`. */
  accept(peer: ID, options?: { readonly user?: ID }): Promise<void>;
  /** See `Messenger.deliveries`. */
  deliveries(): Promise<readonly Delivery[]>;
  /** Runs a task whose failure is reported by the event `failed`. `Messenger.idle` waits for it. */
  background(task: () => Promise<void>): void;
}
