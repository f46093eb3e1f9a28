import type { IncomingMessage } from '../messages/incoming-message.ts';
import type { InboxItem } from './inbox-store.ts';

/** Queue of messages without a handler. Each goes to one iteration only. */
export class UnhandledQueue {
  readonly #items: InboxItem[] = [];
  readonly #given = new Map<string, InboxItem>();
  readonly #waiting: ((item: InboxItem | undefined) => void)[] = [];
  readonly #done: (item: InboxItem) => Promise<void>;
  #opened = false;
  #stopped = false;

  /** @param done - called when the application has finished a message */
  constructor(done: (item: InboxItem) => Promise<void>) {
    this.#done = done;
  }

  /** Whether the application has ever iterated over messages. */
  get opened(): boolean {
    return this.#opened;
  }

  push(item: InboxItem): void {
    const waiter = this.#waiting.shift();
    if (waiter === undefined) this.#items.push(item);
    else waiter(item);
  }

  /** Finishes a message that an iteration has yielded. */
  async done(id: string): Promise<void> {
    const item = this.#given.get(id);
    if (item === undefined) return;
    this.#given.delete(id);
    await this.#done(item);
  }

  /** Ends all iterations. Other messages stay in the inbox. */
  stop(): void {
    this.#stopped = true;
    for (const waiter of this.#waiting.splice(0)) waiter(undefined);
  }

  /** Yields the messages in order. Asking for the next one finishes the one before. */
  async *messages(signal?: AbortSignal): AsyncGenerator<IncomingMessage> {
    this.#opened = true;
    for (;;) {
      const item = await this.#next(signal);
      if (item === undefined) return;
      const { id } = item.message;
      this.#given.set(id, item);
      let finished = false;
      try {
        yield item.message;
        finished = true;
      } finally {
        // The iteration was left, perhaps by an error. Another iteration, or the next run, gets the message again.
        if (!finished && this.#given.delete(id)) this.#putBack(item);
      }
      await this.done(id);
    }
  }

  #putBack(item: InboxItem): void {
    const waiter = this.#waiting.shift();
    if (waiter === undefined) this.#items.unshift(item);
    else waiter(item);
  }

  async #next(signal: AbortSignal | undefined): Promise<InboxItem | undefined> {
    if (this.#stopped || signal?.aborted) return undefined;
    const item = this.#items.shift();
    if (item !== undefined) return item;
    return new Promise((resolve) => {
      const waiter = (next: InboxItem | undefined): void => {
        signal?.removeEventListener('abort', abort);
        resolve(next);
      };
      const abort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        resolve(undefined);
      };
      this.#waiting.push(waiter);
      signal?.addEventListener('abort', abort, { once: true });
    });
  }
}
