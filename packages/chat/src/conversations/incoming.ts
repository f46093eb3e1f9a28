import { type StoreKey, withLock } from '@dimp/core';
import { deferred, type Handle } from '@dimp/foundation';
import { unlessDamaged } from '../history/damage.ts';
import { type LogEntry, logLock } from '../history/log.ts';
import type { IncomingChatMessage } from '../model/chats.ts';
import type { Account } from './account.ts';
import { isMuted } from './summary.ts';

/** Entries that stay for an application that does not ask for them. */
const MAX_KEPT = 10_000;

/** The durable queue of incoming messages. Of several tabs, the leading one has it. */
export class Incoming {
  readonly #account: Account;
  readonly #listening: Handle;
  /** Orders of entries that no iteration has got, in order. */
  #orders: string[] = [];
  readonly #known = new Set<string>();
  #loaded: Promise<void> | undefined;
  #wake = deferred();
  #leads = false;
  #stopped = false;

  constructor(account: Account) {
    this.#account = account;
    this.#listening = account.history.on('changed', ({ keys }) => this.#changed(keys));
  }

  /** This program handles the messages from now on. */
  lead(): void {
    this.#leads = true;
    this.#ring();
  }

  /** Removes the oldest entries of an application that does not ask for them. */
  async trim(): Promise<void> {
    const { history } = this.#account;
    const orders: string[] = [];
    for await (const { order } of history.log.entries('incoming')) orders.push(order);
    for (const order of orders.slice(0, -MAX_KEPT)) await this.#finish(order);
  }

  async *messages(signal?: AbortSignal): AsyncGenerator<IncomingChatMessage> {
    const abort = (): void => this.#ring();
    signal?.addEventListener('abort', abort, { once: true });
    try {
      for (;;) {
        const order = await this.#next(signal);
        if (order === undefined) return;
        let finished = false;
        try {
          const message = await this.#read(order);
          if (message !== undefined) yield message;
          finished = true;
        } finally {
          // The iteration was left, perhaps by an error: another one gets the message again.
          if (!finished) this.#putBack(order);
        }
        await this.#finish(order);
      }
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#listening.close();
    this.#ring();
  }

  async #next(signal: AbortSignal | undefined): Promise<string | undefined> {
    for (;;) {
      if (this.#stopped || signal?.aborted) return undefined;
      const { promise } = this.#wake;
      if (this.#leads) {
        this.#loaded ??= this.#load();
        await this.#loaded;
        const order = this.#orders.shift();
        if (order !== undefined) return order;
      }
      await promise;
    }
  }

  async #load(): Promise<void> {
    try {
      for await (const { order } of this.#account.history.log.entries('incoming')) this.#add(order);
    } catch (error) {
      this.#loaded = undefined;
      throw error;
    }
  }

  /** @returns undefined for a message that is no longer there */
  async #read(order: string): Promise<IncomingChatMessage | undefined> {
    const { history } = this.#account;
    const entry: LogEntry | undefined = await history.log.entry('incoming', order);
    if (entry === undefined) return undefined;
    return unlessDamaged(async () => {
      const record = await history.message(entry.id, entry.ref);
      const chat = await history.chat(entry.id);
      if (record === undefined || chat === undefined) return undefined;
      const [message] = await this.#account.view(this.#account.id(entry.id), [record]);
      if (message === undefined) return undefined;
      const quiet = record.quiet || chat.blocked || isMuted(chat, history.clock.now());
      // Of strangers the user is told that they have written, not each time that they write.
      const isNews = chat.request === undefined || chat.unread <= 1;
      return { conversation: entry.id, message, notify: !quiet && isNews };
    }, this.#account.parts.onFailure);
  }

  async #finish(order: string): Promise<void> {
    const { history } = this.#account;
    await withLock(history.store, logLock(history.user), async () => {
      const changes = await history.log.finished('incoming', order);
      if (changes.length > 0) await history.store.batch(changes);
    });
    this.#known.delete(order);
  }

  #changed(keys: readonly StoreKey[]): void {
    let added = false;
    for (const [area, user, order] of keys) {
      if (area === undefined) this.#loaded = undefined;
      else if (area !== 'chat-log' || user !== this.#account.history.user) continue;
      else if (this.#loaded !== undefined && order !== undefined) this.#add(order);
      added = true;
    }
    if (added) this.#ring();
  }

  #add(order: string): void {
    if (this.#known.has(order)) return;
    this.#known.add(order);
    const behind = this.#orders.at(-1);
    this.#orders.push(order);
    if (behind !== undefined && behind > order) this.#orders.sort();
  }

  #putBack(order: string): void {
    this.#orders.unshift(order);
    this.#ring();
  }

  #ring(): void {
    const { resolve } = this.#wake;
    this.#wake = deferred();
    resolve();
  }
}
