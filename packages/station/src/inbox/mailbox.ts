import { LruMap } from '@dimp/foundation';
import type { EntityKey, ID } from '@dimp/mkm';
import { admitCopy, type Copy, type CopyVerdict, UNKNOWN_BRINGER } from './copies.ts';
import type { Settled } from './group-commit.ts';
import type { Mail } from './mail.ts';

/** Recently delivered messages that are recognised as duplicates. */
const RECENT = 256;

/** The names of one copy of a message. */
export type CopyOf = Pick<Mail, 'id' | 'copy'>;

/** State of the inbox of one receiver, without the messages. */
export class Mailbox {
  readonly receiver: ID;
  /** Messages in the inbox, including those that are being stored. */
  messages = 0;
  /** Bytes of their records. */
  bytes = 0;
  /** Place of the newest stored message. */
  newest = 0;
  /** Day of the newest message that is listed for expiry. */
  day = 0;
  /** Whether the station knows the receiver. */
  seen = false;
  /** Number of current uses; a mailbox in use stays in memory. */
  users = 0;
  // Created when needed: the inboxes of most online users are empty.
  /** Copies by the name of the message, being stored or stored. Nearly all messages have one. */
  #copies: Map<string, readonly Copy[]> | undefined;
  #pending: Map<string, Settled[]> | undefined;
  #recent: LruMap<string, readonly Copy[]> | undefined;

  constructor(receiver: ID) {
    this.receiver = receiver;
  }

  get entity(): EntityKey {
    return this.receiver.entity;
  }

  /** Size in memory, in messages. */
  get weight(): number {
    return 1 + this.messages + (this.#recent?.size ?? 0);
  }

  /** Whether a copy is stored. */
  holds({ id, copy }: CopyOf): boolean {
    const known = this.#copies?.get(id);
    return known?.some(({ name, state }) => name === copy && state === 'stored') ?? false;
  }

  /** Whether a copy is stored, or was recently delivered. */
  knows(mail: CopyOf): boolean {
    const recent = this.#recent?.get(mail.id);
    return this.holds(mail) || (recent?.some(({ name }) => name === mail.copy) ?? false);
  }

  /** Whether a copy is being stored; if so, `settled` is called too. */
  joins({ id, copy }: CopyOf, settled: Settled): boolean {
    const waiting = this.#pending?.get(id + copy);
    waiting?.push(settled);
    return waiting !== undefined;
  }

  /** Whether another copy of a message is accepted; see {@link admitCopy}. */
  admits(id: string, by: string): CopyVerdict {
    const [held, recent] = [this.#copies?.get(id), this.#recent?.get(id)];
    if (held === undefined && recent === undefined) return { taken: true };
    return admitCopy([...(recent ?? []), ...(held ?? [])], by);
  }

  /** Adds a message that was read from the disk. */
  loaded(mail: Mail): void {
    this.#count(mail);
    this.#add(mail, UNKNOWN_BRINGER, 'stored');
    this.newest = Math.max(this.newest, mail.order);
  }

  /**
   * Adds a message that is being stored.
   *
   * @param by - who has sent it to this station
   */
  begin(mail: Mail, by: string): void {
    this.#count(mail);
    this.#add(mail, by, 'pending');
    this.#pending ??= new Map();
    this.#pending.set(mail.id + mail.copy, []);
  }

  /** @returns the other callbacks that waited for it */
  settle(mail: Mail, error: unknown): readonly Settled[] {
    const waiting = this.#pending?.get(mail.id + mail.copy) ?? [];
    this.#pending?.delete(mail.id + mail.copy);
    if (error === undefined) {
      const copy = this.#find(mail);
      if (copy !== undefined) copy.state = 'stored';
      this.newest = Math.max(this.newest, mail.order);
    } else {
      this.#take(mail);
      this.#discount(mail);
    }
    return waiting;
  }

  /**
   * Removes a message.
   *
   * @returns false if it was already removed
   */
  removed(mail: Mail): boolean {
    const copy = this.holds(mail) ? this.#take(mail) : undefined;
    if (copy === undefined) return false;
    this.#discount(mail);
    copy.state = 'delivered';
    this.#recent ??= new LruMap(RECENT);
    this.#recent.set(mail.id, [...(this.#recent.get(mail.id) ?? []), copy]);
    return true;
  }

  /**
   * Removes a copy that another one of the same message replaces.
   *
   * @returns whether it is stored, and has to be removed from the disk
   */
  displaced(id: string, copy: Copy): boolean {
    if (copy.state === 'delivered') {
      const others = this.#recent?.get(id)?.filter((each) => each !== copy) ?? [];
      this.#recent?.set(id, others);
      return false;
    }
    if (this.#take({ id, copy: copy.name }) === undefined) return false;
    this.messages -= 1;
    this.bytes -= copy.bytes;
    return true;
  }

  #find({ id, copy }: CopyOf): Copy | undefined {
    return this.#copies?.get(id)?.find(({ name }) => name === copy);
  }

  #add({ id, copy, order, record, arrived, payer }: Mail, by: string, state: Copy['state']): void {
    this.#copies ??= new Map();
    const bytes = record.length;
    const added: Copy = { name: copy, by, order, bytes, arrived, payer, state };
    this.#copies.set(id, [...(this.#copies.get(id) ?? []), added]);
  }

  #take(mail: CopyOf): Copy | undefined {
    const copy = this.#find(mail);
    if (copy === undefined) return undefined;
    const others = this.#copies?.get(mail.id)?.filter((each) => each !== copy) ?? [];
    if (others.length > 0) this.#copies?.set(mail.id, others);
    else this.#copies?.delete(mail.id);
    return copy;
  }

  #count({ record }: Mail): void {
    this.messages += 1;
    this.bytes += record.length;
  }

  #discount({ record }: Mail): void {
    this.messages -= 1;
    this.bytes -= record.length;
  }
}
