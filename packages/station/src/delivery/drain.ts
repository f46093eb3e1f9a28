import type { Inbox } from '../inbox/inbox.ts';
import type { Mail } from '../inbox/mail.ts';
import type { Mailbox } from '../inbox/mailbox.ts';
import type { Sink } from './routes.ts';

/** Who keeps account of what a drain hands over. */
export interface DrainOwner {
  readonly inbox: Inbox;
  readonly mailbox: Mailbox;
  /** Most messages that a sink has not acknowledged. */
  readonly window: number;
  /** Hands a message to the sink; `drain.returned` is called when it is known what came of it. */
  hand(drain: Drain, mail: Mail): void;
  /** The drain has passed messages without handing them over, because they are gone. */
  passed(drain: Drain): void;
  /** Reading the inbox failed. */
  failed(drain: Drain, error: unknown): void;
}

/** Most messages, and bytes of them, that wait in memory for one sink. */
const MAX_QUEUE = 256;
const MAX_QUEUE_BYTES = 2 * 1024 * 1024;

/**
 * Hands the messages of one inbox to one sink, in order, some at a time. It reads what is stored until it has caught up;
 * then it takes what comes from memory. If too much comes, it leaves it on the disk and reads again.
 */
export class Drain {
  readonly sink: Sink;
  /** Place of the last message handed over; everything up to it is behind the drain. */
  cursor = 0;
  readonly #owner: DrainOwner;
  #queue: Mail[] = [];
  #queued = 0;
  #inFlight = 0;
  #reading = false;
  #closed = false;
  #wake: (() => void) | undefined;

  constructor(owner: DrainOwner, sink: Sink) {
    this.#owner = owner;
    this.sink = sink;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Begins with what is stored. */
  start(): void {
    if (this.#reading || this.#closed) return;
    this.#reading = true;
    void this.#read().catch((error: unknown) => this.#owner.failed(this, error));
  }

  /** A message has come. */
  offer(mail: Mail): void {
    if (this.#closed || this.#reading || mail.order <= this.cursor) return;
    if (this.#inFlight < this.#owner.window && this.#queue.length === 0) {
      this.#hand(mail);
      return;
    }
    this.#queue.push(mail);
    this.#queued += mail.record.length;
    if (this.#queue.length > MAX_QUEUE || this.#queued > MAX_QUEUE_BYTES) this.#fallBack();
  }

  /** What was handed over has been acknowledged, or not. */
  returned(): void {
    this.#inFlight -= 1;
    this.#wake?.();
    while (!this.#reading && this.#inFlight < this.#owner.window) {
      const mail = this.#queue.shift();
      if (mail === undefined) return;
      this.#queued -= mail.record.length;
      this.#hand(mail);
    }
  }

  close(): void {
    this.#closed = true;
    this.#queue = [];
    this.#wake?.();
  }

  #hand(mail: Mail): void {
    this.cursor = mail.order;
    this.#inFlight += 1;
    this.#owner.hand(this, mail);
  }

  #fallBack(): void {
    this.#queue = [];
    this.#queued = 0;
    this.start();
  }

  async #read(): Promise<void> {
    const { inbox, mailbox } = this.#owner;
    for (;;) {
      // What is newer comes while we read: then there is another round.
      const target = mailbox.newest;
      for await (const mail of inbox.read(mailbox)) {
        if (mail.order <= this.cursor) continue;
        while (this.#inFlight >= this.#owner.window && !this.#closed) await this.#returns();
        if (this.#closed) return;
        this.#hand(mail);
      }
      if (this.#closed) return;
      this.cursor = Math.max(this.cursor, target);
      this.#owner.passed(this);
      if (mailbox.newest <= this.cursor) break;
    }
    this.#reading = false;
  }

  async #returns(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
  }
}
