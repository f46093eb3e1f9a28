import type { EntityKey, ID } from '@dimp/mkm';
import type { Inbox } from '../inbox/inbox.ts';
import type { Mail } from '../inbox/mail.ts';
import type { Mailbox } from '../inbox/mailbox.ts';
import { Distribution, type DistributionEvents } from './distribution.ts';
import type { Routes, Sink } from './routes.ts';

/** Who hears what becomes of messages. */
export interface DeliveryEvents {
  /** A device, or the next station, has acknowledged a message. */
  delivered(mail: Mail, sink: Sink): void;
  /** The receiver is nowhere: the message waits for him. */
  waiting(mail: Mail): void;
  /** A sink takes nothing any more. */
  lost(sink: Sink, error: unknown): void;
  /** An inbox cannot be read. */
  failed(error: unknown): void;
}

/** What a {@link Delivery} is made with. */
export interface DeliveryOptions {
  readonly inbox: Inbox;
  readonly routes: Routes;
  /** Most messages that a sink has not acknowledged. */
  readonly window: number;
  readonly events: DeliveryEvents;
}

/** Brings messages from inboxes to wherever their receivers are. */
export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #distributions = new Map<EntityKey, Distribution>();
  readonly #opening = new Set<EntityKey>();
  readonly #events: DistributionEvents;
  #closed = false;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    const { events } = options;
    this.#events = {
      delivered: (mail, sink) => events.delivered(mail, sink),
      returned: (mail) => events.waiting(mail),
      lost: (sink, error) => events.lost(sink, error),
      failed: (error) => events.failed(error),
      idle: (distribution) => this.#discard(distribution),
    };
  }

  /** A message is on the disk. */
  stored(mailbox: Mailbox, mail: Mail): void {
    const distribution = this.#distributions.get(mailbox.entity);
    if (distribution?.hasSinks) distribution.offer(mail);
    else if (this.#options.routes.sinksOf(mailbox.receiver).length > 0) {
      this.refresh(mailbox.receiver);
    } else this.#options.events.waiting(mail);
  }

  /** Somebody came, went, or is somewhere else now: asks the routes again. */
  refresh(user: ID): void {
    if (this.#closed) return;
    const sinks = this.#options.routes.sinksOf(user);
    const distribution = this.#distributions.get(user.entity);
    if (distribution !== undefined) distribution.use(sinks);
    else if (sinks.length > 0) {
      const mailbox = this.#options.inbox.opened(user);
      if (mailbox === undefined) void this.#open(user);
      else this.#begin(mailbox);
    }
  }

  /** Neighbours came or went: asks the routes again for everybody whose messages are on their way. */
  refreshAll(): void {
    for (const { mailbox } of [...this.#distributions.values()]) this.refresh(mailbox.receiver);
  }

  /** Nothing is handed over any more. */
  close(): void {
    this.#closed = true;
    for (const distribution of [...this.#distributions.values()]) distribution.close();
  }

  async #open(user: ID): Promise<void> {
    const { entity } = user;
    if (this.#opening.has(entity)) return;
    this.#opening.add(entity);
    try {
      this.#begin(await this.#options.inbox.open(user));
    } catch (error) {
      this.#options.events.failed(error);
    } finally {
      this.#opening.delete(entity);
    }
  }

  #begin(mailbox: Mailbox): void {
    const { inbox, window, routes } = this.#options;
    let distribution = this.#distributions.get(mailbox.entity);
    if (distribution === undefined) {
      distribution = new Distribution(inbox, mailbox, window, this.#events);
      this.#distributions.set(mailbox.entity, distribution);
    } else inbox.close(mailbox);
    distribution.use(this.#closed ? [] : routes.sinksOf(mailbox.receiver));
  }

  #discard(distribution: Distribution): void {
    const { mailbox, inbox } = distribution;
    if (this.#distributions.get(mailbox.entity) !== distribution) return;
    this.#distributions.delete(mailbox.entity);
    inbox.close(mailbox);
  }
}
