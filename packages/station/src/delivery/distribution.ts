import { isProtocolError } from '@dimp/foundation';
import type { Inbox } from '../inbox/inbox.ts';
import { type Mail, payloadOf } from '../inbox/mail.ts';
import type { Mailbox } from '../inbox/mailbox.ts';
import { Drain, type DrainOwner } from './drain.ts';
import type { Sink } from './routes.ts';

/** Who hears what becomes of messages. */
export interface DistributionEvents {
  /** A sink has acknowledged a message; only the first one is told of. */
  delivered(mail: Mail, sink: Sink): void;
  /** All sinks that had a message are gone, and none has acknowledged it. */
  returned(mail: Mail): void;
  /** A sink takes nothing any more. */
  lost(sink: Sink, error: unknown): void;
  /** The inbox cannot be read. */
  failed(error: unknown): void;
  /** Nobody is there any more, and no answer is awaited. */
  idle(distribution: Distribution): void;
}

/** A message that is on its way to sinks. */
interface Passage {
  readonly mail: Mail;
  /** Sinks that have it and have not answered. */
  pending: number;
  acknowledged: boolean;
}

/**
 * The way of one receiver's messages to all his sinks. A message is removed when everybody who was there has got it, and
 * at least one of them has acknowledged it; otherwise it stays.
 */
export class Distribution implements DrainOwner {
  readonly inbox: Inbox;
  readonly mailbox: Mailbox;
  readonly window: number;
  readonly #events: DistributionEvents;
  readonly #drains = new Map<Sink, Drain>();
  readonly #passages = new Map<number, Passage>();

  constructor(inbox: Inbox, mailbox: Mailbox, window: number, events: DistributionEvents) {
    this.inbox = inbox;
    this.mailbox = mailbox;
    this.window = window;
    this.#events = events;
  }

  get hasSinks(): boolean {
    return this.#drains.size > 0;
  }

  /** These are the sinks now: new ones begin with what is stored, others get nothing any more. */
  use(sinks: readonly Sink[]): void {
    for (const [sink, drain] of this.#drains) if (!sinks.includes(sink)) this.#leave(drain);
    for (const sink of sinks) {
      if (this.#drains.has(sink)) continue;
      const drain = new Drain(this, sink);
      this.#drains.set(sink, drain);
      drain.start();
    }
    this.#tellIfIdle();
  }

  /** A message has come. */
  offer(mail: Mail): void {
    for (const drain of this.#drains.values()) drain.offer(mail);
  }

  /** Nobody gets anything any more. */
  close(): void {
    this.use([]);
  }

  hand(drain: Drain, mail: Mail): void {
    const passage = this.#passages.get(mail.order) ?? { mail, pending: 0, acknowledged: false };
    this.#passages.set(mail.order, passage);
    passage.pending += 1;
    drain.sink.send(payloadOf(mail)).then(
      () => this.#acknowledged(drain, passage),
      (error: unknown) => this.#refused(drain, passage, error),
    );
  }

  passed(): void {
    for (const passage of this.#passages.values()) this.#settle(passage);
  }

  failed(drain: Drain, error: unknown): void {
    this.#leave(drain);
    this.#events.failed(error);
    this.#tellIfIdle();
  }

  #acknowledged(drain: Drain, passage: Passage): void {
    passage.pending -= 1;
    const first = !passage.acknowledged;
    passage.acknowledged = true;
    if (first) this.#events.delivered(passage.mail, drain.sink);
    drain.returned();
    this.#settle(passage);
    this.#tellIfIdle();
  }

  #refused(drain: Drain, passage: Passage, error: unknown): void {
    passage.pending -= 1;
    drain.returned();
    const skipped = isProtocolError(error) && error.code.startsWith('policy/');
    if (!skipped && !drain.closed) {
      this.#leave(drain);
      this.#events.lost(drain.sink, error);
    }
    this.#settle(passage);
    this.#tellIfIdle();
  }

  #leave(drain: Drain): void {
    drain.close();
    if (!this.#drains.delete(drain.sink)) return;
    this.passed();
  }

  #settle(passage: Passage): void {
    const { mail, pending, acknowledged } = passage;
    if (pending > 0 || !this.#passages.has(mail.order)) return;
    if (!acknowledged) {
      this.#passages.delete(mail.order);
      if (!this.hasSinks) this.#events.returned(mail);
      return;
    }
    // Another device may be further behind: it still has to read the message.
    for (const drain of this.#drains.values()) if (drain.cursor < mail.order) return;
    this.#passages.delete(mail.order);
    this.inbox.remove(this.mailbox, mail);
  }

  #tellIfIdle(): void {
    if (this.#drains.size === 0 && this.#passages.size === 0) this.#events.idle(this);
  }
}
