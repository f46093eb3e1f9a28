import type { Answer } from '@dimp/endpoint';
import { directionKey } from '@dimp/mkm';
import type { Replies } from './replies.ts';

/** Limit on receipts to one sender, which fit into one array. */
const MAX_OF_SENDER = 64;
/** Limit on receipts to all senders, and messages without a receipt among them. */
const MAX_IN_ALL = 1024;

/**
 * Gathers receipts while messages arrive one after the other, because each signature costs more than receiving a message.
 * After a crash, the senders send their messages again and get the receipts then.
 */
export class GatheredReceipts {
  readonly #replies: Pick<Replies, 'sendReceipts'>;
  readonly #waiting = new Map<string, Answer[]>();
  #count = 0;

  constructor(replies: Pick<Replies, 'sendReceipts'>) {
    this.#replies = replies;
  }

  /** Adds the receipts for a message, which may be none. At a limit, receipts are sent. */
  async add(receipts: readonly Answer[]): Promise<void> {
    // A flood of messages without receipts must not keep back the receipts of others.
    this.#count += Math.max(1, receipts.length);
    for (const receipt of receipts) {
      const key = directionKey(receipt.from, receipt.to);
      const alike = this.#waiting.get(key) ?? [];
      alike.push(receipt);
      this.#waiting.set(key, alike);
      if (alike.length >= MAX_OF_SENDER) await this.#send(key, alike);
    }
    if (this.#count >= MAX_IN_ALL) await this.flush();
  }

  /** Sends all receipts. */
  async flush(): Promise<void> {
    this.#count = 0;
    for (const [key, alike] of [...this.#waiting]) await this.#send(key, alike);
  }

  #send(key: string, receipts: readonly Answer[]): Promise<void> {
    this.#waiting.delete(key);
    this.#count = Math.max(0, this.#count - receipts.length);
    return this.#replies.sendReceipts(receipts);
  }
}
