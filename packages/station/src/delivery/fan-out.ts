import { isProtocolError } from '@dimp/foundation';
import type { EntityKey, ID } from '@dimp/mkm';
import type { Inbox } from '../inbox/inbox.ts';
import { type Mail, payloadOf } from '../inbox/mail.ts';
import type { Mailbox } from '../inbox/mailbox.ts';
import type { Sink } from '../session/sink.ts';
import { DeviceQueue, type DeviceQueueEvents } from './device-queue.ts';
import type { Routes } from './routes.ts';

/** Events of {@link FanOut}. */
export interface FanOutEvents {
  /** The first sink has acknowledged a message. */
  delivered(mail: Mail, sink: Sink): void;
  /** No sink is left for a message: it waits in the inbox. */
  waiting(mail: Mail): void;
  /** An inbox cannot be read. */
  failed(error: unknown): void;
}

/** Options for {@link FanOut}. */
export interface FanOutOptions {
  readonly inbox: Inbox;
  readonly routes: Routes;
  /** Messages that a sink may leave unacknowledged. */
  readonly window: number;
  readonly events: FanOutEvents;
}

/** Sends stored messages to every sink of their receivers: devices that are online, or a neighbour station. */
export class FanOut {
  readonly #options: FanOutOptions;
  readonly #recipients = new Map<EntityKey, Recipient>();
  readonly #opening = new Set<EntityKey>();
  readonly #onIdle = (recipient: Recipient): void => this.#discard(recipient);
  #closed = false;

  constructor(options: FanOutOptions) {
    this.#options = options;
    options.inbox.onStored((mailbox, mail) => this.#stored(mailbox, mail));
    options.routes.onChange((user) => this.refresh(user));
  }

  /** Asks the routes of a user again: a device has come or gone, or the user has logged in elsewhere. */
  refresh(user: ID): void {
    if (this.#closed) return;
    const sinks = this.#options.routes.sinksOf(user);
    const recipient = this.#recipients.get(user.entity);
    if (recipient !== undefined) recipient.use(sinks);
    else if (sinks.length > 0) {
      const mailbox = this.#options.inbox.opened(user);
      if (mailbox === undefined) void this.#open(user);
      else this.#begin(mailbox);
    }
  }

  /** Asks the routes of all users with messages in flight again: a neighbour has come or gone. */
  refreshAll(): void {
    for (const { mailbox } of [...this.#recipients.values()]) this.refresh(mailbox.receiver);
  }

  /** Sends nothing more. */
  close(): void {
    this.#closed = true;
    for (const recipient of [...this.#recipients.values()]) recipient.use([]);
  }

  /** A message has been written to the disk. */
  #stored(mailbox: Mailbox, mail: Mail): void {
    const recipient = this.#recipients.get(mailbox.entity);
    if (recipient?.hasSinks) recipient.add(mail);
    else if (this.#options.routes.sinksOf(mailbox.receiver).length > 0) {
      this.refresh(mailbox.receiver);
    } else this.#options.events.waiting(mail);
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
    const { inbox, routes } = this.#options;
    let recipient = this.#recipients.get(mailbox.entity);
    if (recipient === undefined) {
      recipient = new Recipient(mailbox, this.#options, this.#onIdle);
      this.#recipients.set(mailbox.entity, recipient);
    } else inbox.close(mailbox);
    recipient.use(this.#closed ? [] : routes.sinksOf(mailbox.receiver));
  }

  #discard(recipient: Recipient): void {
    const { mailbox } = recipient;
    if (this.#recipients.get(mailbox.entity) !== recipient) return;
    this.#recipients.delete(mailbox.entity);
    this.#options.inbox.close(mailbox);
  }
}

/** A message that at least one sink has been sent. */
interface InFlight {
  readonly mail: Mail;
  /** Sinks that have not answered yet. */
  unanswered: number;
  acknowledged: boolean;
}

/**
 * One receiver and the queues of all their sinks. A message is removed from the inbox when every sink has answered or is
 * past it, and at least one has acknowledged it; otherwise it stays.
 */
class Recipient implements DeviceQueueEvents {
  readonly mailbox: Mailbox;
  readonly #options: FanOutOptions;
  readonly #onIdle: (recipient: Recipient) => void;
  readonly #queues = new Map<Sink, DeviceQueue>();
  readonly #inFlight = new Map<number, InFlight>();

  constructor(mailbox: Mailbox, options: FanOutOptions, onIdle: (recipient: Recipient) => void) {
    this.mailbox = mailbox;
    this.#options = options;
    this.#onIdle = onIdle;
  }

  get hasSinks(): boolean {
    return this.#queues.size > 0;
  }

  /** Replaces the sinks: new ones start with the stored messages, the others get nothing more. */
  use(sinks: readonly Sink[]): void {
    for (const [sink, queue] of this.#queues) if (!sinks.includes(sink)) this.#drop(queue);
    for (const sink of sinks) {
      if (this.#queues.has(sink)) continue;
      const { inbox, window } = this.#options;
      const queue = new DeviceQueue({ inbox, mailbox: this.mailbox, sink, window, events: this });
      this.#queues.set(sink, queue);
      queue.start();
    }
    this.#discardIfIdle();
  }

  /** Adds a message to all queues. */
  add(mail: Mail): void {
    for (const queue of this.#queues.values()) queue.add(mail);
  }

  next(queue: DeviceQueue, mail: Mail): void {
    const entry = this.#inFlight.get(mail.order) ?? { mail, unanswered: 0, acknowledged: false };
    this.#inFlight.set(mail.order, entry);
    entry.unanswered += 1;
    queue.sink.send(payloadOf(mail)).then(
      () => this.#acknowledged(queue, entry),
      (error: unknown) => this.#refused(queue, entry, error),
    );
  }

  caughtUp(): void {
    for (const entry of this.#inFlight.values()) this.#settle(entry);
  }

  failed(queue: DeviceQueue, error: unknown): void {
    this.#drop(queue);
    this.#options.events.failed(error);
    this.#discardIfIdle();
  }

  #acknowledged(queue: DeviceQueue, entry: InFlight): void {
    entry.unanswered -= 1;
    const isFirst = !entry.acknowledged;
    entry.acknowledged = true;
    if (isFirst) this.#options.events.delivered(entry.mail, queue.sink);
    queue.answered();
    this.#settle(entry);
    this.#discardIfIdle();
  }

  #refused(queue: DeviceQueue, entry: InFlight, error: unknown): void {
    entry.unanswered -= 1;
    queue.answered();
    const isSkipped = isProtocolError(error) && error.code.startsWith('policy/');
    if (!isSkipped && !queue.closed) {
      this.#drop(queue);
      queue.sink.close?.();
    }
    this.#settle(entry);
    this.#discardIfIdle();
  }

  #drop(queue: DeviceQueue): void {
    queue.close();
    if (this.#queues.get(queue.sink) !== queue) return;
    this.#queues.delete(queue.sink);
    // Its messages may now be settled for all remaining sinks.
    this.caughtUp();
  }

  #settle(entry: InFlight): void {
    const { mail, unanswered, acknowledged } = entry;
    if (unanswered > 0 || !this.#inFlight.has(mail.order)) return;
    if (!acknowledged) {
      this.#inFlight.delete(mail.order);
      if (!this.hasSinks) this.#options.events.waiting(mail);
      return;
    }
    // Another device may be further behind: it still has to read the message.
    for (const queue of this.#queues.values()) if (queue.cursor < mail.order) return;
    this.#inFlight.delete(mail.order);
    this.#options.inbox.remove(this.mailbox, mail);
  }

  #discardIfIdle(): void {
    if (this.#queues.size === 0 && this.#inFlight.size === 0) this.#onIdle(this);
  }
}
