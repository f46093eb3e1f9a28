import type { Inbox } from '../inbox/inbox.ts';
import type { Mail } from '../inbox/mail.ts';
import type { Mailbox } from '../inbox/mailbox.ts';
import type { Sink } from '../session/sink.ts';

/** Options for {@link DeviceQueue}. */
export interface DeviceQueueOptions {
  readonly inbox: Inbox;
  readonly mailbox: Mailbox;
  readonly sink: Sink;
  /** Messages that the sink may leave unacknowledged. */
  readonly window: number;
  readonly events: DeviceQueueEvents;
}

/** Events of {@link DeviceQueue}. */
export interface DeviceQueueEvents {
  /** The next message for the sink. The owner calls {@link DeviceQueue.answered} when the sink has answered. */
  next(queue: DeviceQueue, mail: Mail): void;
  /** The cursor has moved past messages that were removed while the queue was reading. */
  caughtUp(queue: DeviceQueue): void;
  /** The inbox cannot be read. */
  failed(queue: DeviceQueue, error: unknown): void;
}

/** Most messages, and bytes of them, that a queue keeps in memory. */
const MAX_QUEUED = 256;
const MAX_QUEUED_BYTES = 2 * 1024 * 1024;

/**
 * The messages of one inbox for one sink, in order. The queue reads stored messages until it has caught up; then it takes
 * new ones from memory. When too many arrive, it drops them from memory and reads the disk again.
 */
export class DeviceQueue {
  readonly sink: Sink;
  /** Place of the last message passed on; the queue never goes back before it. */
  cursor = 0;
  readonly #options: DeviceQueueOptions;
  #queued: Mail[] = [];
  #queuedBytes = 0;
  #inFlight = 0;
  #reading = false;
  #closed = false;
  #wake: (() => void) | undefined;

  constructor(options: DeviceQueueOptions) {
    this.#options = options;
    this.sink = options.sink;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Starts with the stored messages. */
  start(): void {
    if (this.#reading || this.#closed) return;
    this.#reading = true;
    void this.#read().catch((error: unknown) => this.#options.events.failed(this, error));
  }

  /** Adds a message that has just been stored. */
  add(mail: Mail): void {
    if (this.#closed || this.#reading || mail.order <= this.cursor) return;
    if (this.#hasRoom && this.#queued.length === 0) {
      this.#pass(mail);
      return;
    }
    this.#queued.push(mail);
    this.#queuedBytes += mail.record.length;
    if (this.#queued.length > MAX_QUEUED || this.#queuedBytes > MAX_QUEUED_BYTES) {
      this.#readAgain();
    }
  }

  /** The sink has acknowledged or refused one message. */
  answered(): void {
    this.#inFlight -= 1;
    this.#wake?.();
    while (!this.#reading && this.#hasRoom) {
      const mail = this.#queued.shift();
      if (mail === undefined) return;
      this.#queuedBytes -= mail.record.length;
      this.#pass(mail);
    }
  }

  /** Passes on nothing more. */
  close(): void {
    this.#closed = true;
    this.#queued = [];
    this.#wake?.();
  }

  get #hasRoom(): boolean {
    return this.#inFlight < this.#options.window;
  }

  #pass(mail: Mail): void {
    this.cursor = mail.order;
    // It may have waited in memory for the sink.
    if (this.#options.inbox.expires(this.#options.mailbox, mail)) return;
    this.#inFlight += 1;
    this.#options.events.next(this, mail);
  }

  #readAgain(): void {
    this.#queued = [];
    this.#queuedBytes = 0;
    this.start();
  }

  async #read(): Promise<void> {
    const { inbox, mailbox, events } = this.#options;
    for (;;) {
      // Newer messages may be stored while this round reads: then there is another round.
      const target = mailbox.newest;
      for await (const mail of inbox.read(mailbox)) {
        if (mail.order <= this.cursor) continue;
        while (!this.#hasRoom && !this.#closed) await this.#nextAnswer();
        if (this.#closed) return;
        this.#pass(mail);
      }
      if (this.#closed) return;
      this.cursor = Math.max(this.cursor, target);
      events.caughtUp(this);
      if (mailbox.newest <= this.cursor) break;
    }
    this.#reading = false;
  }

  async #nextAnswer(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
  }
}
