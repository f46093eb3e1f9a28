import { LruMap } from '@dimp/foundation';
import type { EntityKey, ID } from '@dimp/mkm';
import { admitCopy, type Copy, type CopyVerdict, UNKNOWN_BRINGER } from './copies.ts';
import type { Settled } from './group-commit.ts';
import type { Mail } from './mail.ts';

/** Messages that were delivered lately and are still recognised. */
const RECENT = 256;

/** What names one copy of one message. */
export type CopyOf = Pick<Mail, 'id' | 'copy'>;

/** What is known of the inbox of one receiver, without its messages. */
export class Mailbox {
  readonly receiver: ID;
  /** Messages in the inbox, those on their way to the disk included. */
  messages = 0;
  /** Bytes of their records. */
  bytes = 0;
  /** Place of the newest message on the disk. */
  newest = 0;
  /** Day of the newest message whose expiry is noted. */
  day = 0;
  /** Whether the receiver is known to the station; who is known stays known. */
  seen = false;
  /** Whoever uses it keeps it from being forgotten. */
  users = 0;
  // Made when they are needed: most users who are online have nothing in their inboxes.
  /** Copies by the message's name: on their way to the disk, or on it. Nearly all messages have one. */
  #copies: Map<string, readonly Copy[]> | undefined;
  #pending: Map<string, Settled[]> | undefined;
  #recent: LruMap<string, readonly Copy[]> | undefined;

  constructor(receiver: ID) {
    this.receiver = receiver;
  }

  get entity(): EntityKey {
    return this.receiver.entity;
  }

  /** What it takes in memory, in messages. */
  get weight(): number {
    return 1 + this.messages + (this.#recent?.size ?? 0);
  }

  /** Whether a copy is on the disk. */
  holds({ id, copy }: CopyOf): boolean {
    const known = this.#copies?.get(id);
    return known?.some(({ name, state }) => name === copy && state === 'stored') ?? false;
  }

  /** Whether it holds a copy, or did lately. */
  knows(mail: CopyOf): boolean {
    const recent = this.#recent?.get(mail.id);
    return this.holds(mail) || (recent?.some(({ name }) => name === mail.copy) ?? false);
  }

  /** Whether a copy is on its way to the disk; if so, `settled` hears of it too. */
  joins({ id, copy }: CopyOf, settled: Settled): boolean {
    const waiting = this.#pending?.get(id + copy);
    waiting?.push(settled);
    return waiting !== undefined;
  }

  /** Whether one more copy of a message is taken from somebody; see {@link admitCopy}. */
  admits(id: string, by: string): CopyVerdict {
    const [held, recent] = [this.#copies?.get(id), this.#recent?.get(id)];
    if (held === undefined && recent === undefined) return { taken: true };
    return admitCopy([...(recent ?? []), ...(held ?? [])], by);
  }

  /** A message that was read from the disk. */
  loaded(mail: Mail): void {
    this.#count(mail);
    this.#add(mail, UNKNOWN_BRINGER, 'stored');
    this.newest = Math.max(this.newest, mail.order);
  }

  /**
   * A message on its way to the disk.
   *
   * @param by - who brought it
   */
  begin(mail: Mail, by: string): void {
    this.#count(mail);
    this.#add(mail, by, 'pending');
    this.#pending ??= new Map();
    this.#pending.set(mail.id + mail.copy, []);
  }

  /** @returns who else waited for it */
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
   * A message that goes from the disk.
   *
   * @returns false if it was gone already
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
   * A copy makes room for another one of the same message.
   *
   * @returns whether it is on the disk, and has to go from there
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
