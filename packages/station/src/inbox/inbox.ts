import type { Clock, Logger, Protocol, Store, StoreKey } from '@dimp/core';
import { isProtocolError } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { Limits } from '../limits/limits.ts';
import type { StoredBytes, StoredFor } from '../limits/stored-bytes.ts';
import type { StationMetrics } from '../metrics/metrics.ts';
import type { Notice } from '../receipts/notice.ts';
import type { Copy } from './copies.ts';
import type { GroupCommit, Settled } from './group-commit.ts';
import { decodeMail, encodeMail, type Mail, orderText } from './mail.ts';
import type { Mailbox } from './mailbox.ts';
import { Mailboxes } from './mailboxes.ts';

/** Options for {@link Inbox}. */
export interface InboxOptions {
  readonly store: Store;
  readonly protocol: Pick<Protocol, 'parseID'>;
  readonly commits: GroupCommit;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: Pick<Limits, 'inboxMessages' | 'inboxBytes' | 'inboxRetention'>;
  readonly metrics: StationMetrics;
  /** Counts the waiting bytes of senders and addresses. */
  readonly stored: StoredBytes;
}

/** A message to be stored. */
export interface Incoming {
  /** The message as received. */
  readonly payload: Uint8Array;
  /** Its name, from `messageID`. */
  readonly id: string;
  /** The name of this copy, from `copyName`. */
  readonly copy: string;
  /** Who has sent it to this station: `BY_SENDER`, or the entity of a neighbour. */
  readonly by: string;
  readonly notice: Notice | undefined;
  /** When it is removed undelivered, in milliseconds since the epoch. */
  readonly until?: number | undefined;
  /** Called once, when this copy is on the disk. */
  readonly kept?: () => void;
  /** Who is charged for it. */
  readonly storedFor: StoredFor;
  /** Whether it has passed this station before, and comes back because its receiver has moved. */
  readonly returned?: boolean;
}

const MESSAGES = 'inbox';
const DAYS = 'inbox-day';
/** Written instead of a blocked message. */
const PRETENCE: StoreKey = /* @__PURE__ */ Object.freeze(['inbox-blocked']);
const DAY_MS = 24 * 60 * 60_000;
const DAY_DIGITS = 6;
const MARK: Uint8Array = /* @__PURE__ */ Uint8Array.of(1);

/**
 * Stored messages for their receivers, in order of arrival: `['inbox', receiver, place]`. The receivers of each day are
 * stored under `['inbox-day', day, receiver]`, so that expired messages are found without reading all.
 */
export class Inbox {
  readonly #options: InboxOptions;
  readonly #mailboxes: Mailboxes;
  #order = 0;
  #stored: (mailbox: Mailbox, mail: Mail) => void = () => {};

  constructor(options: InboxOptions) {
    this.#options = options;
    this.#mailboxes = new Mailboxes({
      load: (mailbox) => this.#load(mailbox),
      forgotten: ({ messages, bytes }) => this.#counted(-messages, -bytes),
    });
  }

  /** Calls back with each message once it is on the disk. There is one listener. */
  onStored(listener: (mailbox: Mailbox, mail: Mail) => void): void {
    this.#stored = listener;
  }

  /** Returns the mailbox of a receiver if it is in memory. The caller closes it after use. */
  opened(receiver: ID): Mailbox | undefined {
    const mailbox = this.#mailboxes.peek(receiver.entity);
    if (mailbox !== undefined) mailbox.users += 1;
    return mailbox;
  }

  /**
   * Returns the mailbox of a receiver. The caller closes it after use.
   *
   * @throws `store/` codes if it could not be read
   */
  open(receiver: ID): Promise<Mailbox> {
    return this.#mailboxes.open(receiver);
  }

  close(mailbox: Mailbox): void {
    this.#mailboxes.close(mailbox);
  }

  /**
   * Stores a message, unless this copy is known, or there are enough copies of it.
   *
   * @param settled - called when it is on the disk, or with the error; not called if there is no room
   * @returns false if the receiver or the payer has no room for it
   */
  append(
    mailbox: Mailbox,
    { payload, id, copy, by, notice, until, kept, storedFor, returned = false }: Incoming,
    settled: Settled,
  ): boolean {
    const named = { id, copy };
    if (mailbox.joins(named, settled)) return true;
    const known = returned ? mailbox.holds(named) : mailbox.knows(named);
    const verdict = known ? undefined : mailbox.admits(id, by);
    if (!verdict?.taken) {
      this.#options.metrics.add('messages.duplicate', 1);
      settled();
      return true;
    }
    const { commits, limits, clock, metrics, stored } = this.#options;
    const arrived = clock.now();
    const payer = stored.payer(storedFor);
    const record = encodeMail(arrived, id, copy, payload, payer, until);
    if (verdict.instead !== undefined) this.#displace(mailbox, id, verdict.instead);
    if (mailbox.messages >= limits.inboxMessages) return false;
    if (mailbox.bytes + record.length > limits.inboxBytes) return false;
    if (!stored.admits(storedFor, record.length)) return false;
    const order = this.#nextOrder(mailbox, arrived);
    const place = orderText(order);
    const mail: Mail = { order, place, arrived, id, copy, record, payer, until, notice };
    stored.add(payer, record.length, arrived);
    this.#noteDay(mailbox, arrived);
    mailbox.users += 1;
    mailbox.begin(mail, by);
    const key = [MESSAGES, mailbox.entity, place];
    commits.write({ type: 'set', key, value: record }, (error) => {
      const others = mailbox.settle(mail, error);
      settled(error);
      for (const each of others) each(error);
      if (error === undefined) {
        this.#counted(1, record.length);
        metrics.add('messages.stored', 1);
        kept?.();
        this.#stored(mailbox, mail);
      } else stored.remove(payer, record.length, arrived);
      this.close(mailbox);
    });
    return true;
  }

  /** Takes as long as storing a message, and stores none. */
  pretend(settled: Settled): void {
    this.#options.commits.write({ type: 'set', key: PRETENCE, value: MARK }, settled);
  }

  /**
   * The messages of a mailbox in order. Expired ones are removed.
   *
   * @throws `store/` codes
   */
  async *read(mailbox: Mailbox): AsyncGenerator<Mail> {
    for await (const mail of this.#read(mailbox)) {
      // Being removed from the disk; or just written, and about to be reported as stored.
      if (mailbox.holds(mail) && !this.expires(mailbox, mail)) yield mail;
    }
  }

  /** Removes a message if its time is over. @returns whether it is */
  expires(mailbox: Mailbox, mail: Mail): boolean {
    const { clock, limits, metrics } = this.#options;
    const { arrived, until = Number.POSITIVE_INFINITY } = mail;
    if (Math.min(arrived + limits.inboxRetention, until) > clock.now()) return false;
    if (this.remove(mailbox, mail)) metrics.add('messages.expired', 1);
    return true;
  }

  /**
   * All users for whom messages may be waiting.
   *
   * @throws `store/` codes
   */
  async *receivers(): AsyncGenerator<ID> {
    const { store, protocol } = this.#options;
    const told = new Set<string>();
    for await (const [key] of store.list([DAYS])) {
      const name = key.at(-1);
      if (name === undefined || told.has(name)) continue;
      told.add(name);
      yield protocol.parseID(name);
    }
  }

  /**
   * Whether no message is stored for a receiver.
   *
   * @throws `store/` codes
   */
  async isEmpty({ entity }: ID): Promise<boolean> {
    for await (const _ of this.#options.store.list([MESSAGES, entity])) return false;
    return true;
  }

  /**
   * Removes all messages of a receiver; from the disk with one of the next batches.
   *
   * @returns the number of messages
   * @throws `store/` codes
   */
  async clear(receiver: ID): Promise<number> {
    const mailbox = await this.open(receiver);
    let messages = 0;
    try {
      for await (const mail of this.#read(mailbox)) {
        if (!mailbox.holds(mail)) continue;
        this.remove(mailbox, mail);
        messages += 1;
      }
      mailbox.seen = false;
    } finally {
      this.close(mailbox);
    }
    return messages;
  }

  /**
   * Removes a message: from the mailbox at once, from the disk with one of the next batches.
   *
   * @returns false if it was already removed
   */
  remove(mailbox: Mailbox, mail: Mail): boolean {
    const removed = mailbox.removed(mail);
    if (removed) {
      this.#counted(-1, -mail.record.length);
      this.#discharge(mail, mail.record.length);
    }
    this.#options.commits.remove([MESSAGES, mailbox.entity, mail.place]);
    return removed;
  }

  /**
   * Removes expired messages.
   *
   * @throws `store/` codes
   */
  async sweep(): Promise<void> {
    const { store, clock, limits, protocol, commits } = this.#options;
    for await (const [key] of store.list([DAYS])) {
      const [, day, name] = key;
      const end = (Number.parseInt(day ?? '', 10) + 1) * DAY_MS;
      // Days are in order, so all others are later.
      if (!(end + limits.inboxRetention <= clock.now())) return;
      if (name === undefined) continue;
      const mailbox = await this.open(protocol.parseID(name));
      try {
        const iterator = this.read(mailbox);
        while (!(await iterator.next()).done);
      } finally {
        this.close(mailbox);
      }
      commits.remove(key);
    }
  }

  async #load(mailbox: Mailbox): Promise<void> {
    for await (const mail of this.#read(mailbox)) mailbox.loaded(mail);
    this.#counted(mailbox.messages, mailbox.bytes);
  }

  async *#read(mailbox: Mailbox): AsyncGenerator<Mail> {
    for await (const [key, value] of this.#options.store.list([MESSAGES, mailbox.entity])) {
      const mail = this.#decode(key.at(-1) ?? '', value);
      if (mail !== undefined) yield mail;
    }
  }

  /** Skips a damaged record, so that the receiver gets the others. */
  #decode(place: string, record: Uint8Array): Mail | undefined {
    try {
      return decodeMail(place, record);
    } catch (error) {
      if (!isProtocolError(error, 'store/corrupt')) throw error;
      this.#options.logger.error('inbox.corrupt', { place });
      return undefined;
    }
  }

  /** Removes a copy of a message that another one replaces. */
  #displace(mailbox: Mailbox, id: string, copy: Copy): void {
    if (!mailbox.displaced(id, copy)) return;
    this.#counted(-1, -copy.bytes);
    this.#discharge(copy, copy.bytes);
    this.#options.commits.remove([MESSAGES, mailbox.entity, orderText(copy.order)]);
  }

  #discharge({ payer, arrived }: Pick<Mail, 'payer' | 'arrived'>, bytes: number): void {
    if (payer !== undefined) this.#options.stored.remove(payer, bytes, arrived);
  }

  /** Returns a place after all others in the mailbox, even if the clock was set back. */
  #nextOrder({ newest }: Mailbox, now: number): number {
    this.#order = Math.max(this.#order + 1, newest + 1, Math.floor(now) * 1000);
    return this.#order;
  }

  #noteDay(mailbox: Mailbox, now: number): void {
    const day = Math.floor(now / DAY_MS);
    if (mailbox.day === day) return;
    mailbox.day = day;
    const key = [DAYS, String(day).padStart(DAY_DIGITS, '0'), mailbox.entity];
    this.#options.commits.write({ type: 'set', key, value: MARK }, (error) => {
      if (error !== undefined) mailbox.day = 0;
    });
  }

  #counted(messages: number, bytes: number): void {
    this.#options.metrics.change('inbox.messages', messages);
    this.#options.metrics.change('inbox.bytes', bytes);
  }
}
