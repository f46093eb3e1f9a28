import { LruMap } from '@dimp/foundation';
import type { EntityKey, ID } from '@dimp/mkm';
import type { Settled } from './group-commit.ts';
import type { Mail } from './mail.ts';

/** Names of messages that were delivered lately and are still recognised. */
const RECENT = 256;

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
  /** Whoever uses it keeps it from being forgotten. */
  users = 0;
  // Made when they are needed: most users who are online have nothing in their inboxes.
  #stored: Set<string> | undefined;
  #pending: Map<string, Settled[]> | undefined;
  #recent: LruMap<string, true> | undefined;

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

  /** Whether it holds a message. */
  holds(id: string): boolean {
    return this.#stored?.has(id) ?? false;
  }

  /** Whether it holds a message, or did lately. */
  knows(id: string): boolean {
    return this.holds(id) || this.#recent?.get(id) !== undefined;
  }

  /** Whether a message is on its way to the disk; if so, `settled` hears of it too. */
  joins(id: string, settled: Settled): boolean {
    const waiting = this.#pending?.get(id);
    waiting?.push(settled);
    return waiting !== undefined;
  }

  /** A message that was read from the disk. */
  loaded(mail: Mail): void {
    this.#count(mail);
    this.#store(mail.id);
    this.newest = Math.max(this.newest, mail.order);
  }

  /** A message on its way to the disk. */
  begin(mail: Mail): void {
    this.#count(mail);
    this.#pending ??= new Map();
    this.#pending.set(mail.id, []);
  }

  /** @returns who else waited for it */
  settle(mail: Mail, error: unknown): readonly Settled[] {
    const waiting = this.#pending?.get(mail.id) ?? [];
    this.#pending?.delete(mail.id);
    if (error === undefined) {
      this.#store(mail.id);
      this.newest = Math.max(this.newest, mail.order);
    } else this.#discount(mail);
    return waiting;
  }

  /**
   * A message that goes from the disk.
   *
   * @returns false if it was gone already
   */
  removed(mail: Mail): boolean {
    if (!this.#stored?.delete(mail.id)) return false;
    this.#discount(mail);
    this.#recent ??= new LruMap(RECENT);
    this.#recent.set(mail.id, true);
    return true;
  }

  #store(id: string): void {
    this.#stored ??= new Set();
    this.#stored.add(id);
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
