import type { Clock, Store, StoreChange } from '@dimp/core';
import { networkKey } from '@dimp/core/transport';
import { utf8Decode, utf8Encode } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { Limits } from './limits.ts';
import { type StoredPayer, tagOf } from './stored-payer.ts';

/** Options for {@link StoredBytes}. */
export interface StoredBytesOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly limits: Pick<
    Limits,
    | 'storedBytes'
    | 'senderStoredBytes'
    | 'addressStoredBytes'
    | 'unseenStoredBytes'
    | 'inboxRetention'
  >;
  /** Recently measured free bytes of the disk; undefined if unknown. */
  readonly room?: (() => number | undefined) | undefined;
}

/** For whom a message is stored, and who has sent it. */
export interface StoredFor {
  readonly sender: ID;
  /** Key of the address that it came from; the entity of the neighbour for relayed messages. */
  readonly address: string;
  readonly neighbour: boolean;
  /** The station has never seen the receiver. */
  readonly unseen: boolean;
}

/** Bytes that a message takes besides its record: its node in the tree of the store, its path, the entry of its day. */
export const STORED_COST = 512;
/** Shares of the free disk space for one sender, one address, and all receivers never seen. */
const SENDER_PART = 1 / 8;
const ADDRESS_PART = 1 / 4;
const UNSEEN_PART = 1 / 16;
/**
 * Bytes that each sender and address may take even on a nearly full disk, so that large senders do not crowd out small
 * ones.
 */
const SENDER_LEAST = 2 * 1024 * 1024;
const ADDRESS_LEAST = 4 * SENDER_LEAST;
/** Shares of the pool for receivers never seen that one sender and one address may take. */
const SENDER_UNSEEN = 1 / 16;
const ADDRESS_UNSEEN = 1 / 4;
/** Factors for an IPv6 network, and for a neighbour, which relays for many users. */
const NETWORK_TIMES = 4;
const NEIGHBOUR_TIMES = 16;
/** Most payers in memory; a dropped one starts from zero. */
const MAX_PAYERS = 262_144;
const AREA = 'inbox-bytes';
const DAY_MS = 24 * 60 * 60_000;
const DAY_DIGITS = 6;
const ALL = 'all';
const UNSEEN = 'unseen';

/**
 * Counts the waiting bytes by sender, by address and in all. Messages for receivers that the station has never seen
 * share a pool, because a sender can invent receivers. The counts are stored by day, so that errors caused by a crash
 * disappear when the messages of that day expire.
 */
export class StoredBytes {
  readonly #options: StoredBytesOptions;
  readonly #payers = new Map<string, Map<number, number>>();
  /** Names and days of the counts that are not stored yet. */
  readonly #dirty = new Map<string, Set<number>>();

  constructor(options: StoredBytesOptions) {
    this.#options = options;
  }

  /** All waiting bytes, with the overhead of each message. */
  get all(): number {
    return this.#of(ALL);
  }

  /** The payer of a message, as written in its record. */
  payer({
    sender,
    address,
    unseen,
  }: Pick<StoredFor, 'sender' | 'address' | 'unseen'>): StoredPayer {
    const network = tagOf(networkKey(address));
    return { sender: tagOf(sender.entity), address: tagOf(address), network, unseen };
  }

  /**
   * Returns whether there is room for a record.
   *
   * @param bytes - of the record
   */
  admits({ sender, address, neighbour, unseen }: StoredFor, bytes: number): boolean {
    const { limits } = this.#options;
    const room = this.#options.room?.() ?? Number.POSITIVE_INFINITY;
    const cost = bytes + STORED_COST;
    const ofSender = Math.max(SENDER_LEAST, Math.min(limits.senderStoredBytes, room * SENDER_PART));
    const ofAddress = Math.max(
      ADDRESS_LEAST,
      Math.min(limits.addressStoredBytes, room * ADDRESS_PART),
    );
    const [senderTag, addressTag] = [tagOf(sender.entity), tagOf(address)];
    const times = neighbour ? NEIGHBOUR_TIMES : 1;
    const network = networkKey(address);
    const fits = (name: string, most: number): boolean => this.#of(name) + cost <= most;
    if (!fits(ALL, limits.storedBytes)) return false;
    if (!fits(`s${senderTag}`, ofSender) || !fits(`a${addressTag}`, ofAddress * times))
      return false;
    if (network !== address && !fits(`a${tagOf(network)}`, ofAddress * NETWORK_TIMES)) return false;
    if (!unseen) return true;
    const pool = Math.min(limits.unseenStoredBytes, room * UNSEEN_PART);
    return (
      fits(UNSEEN, pool) &&
      fits(`us${senderTag}`, pool * SENDER_UNSEEN) &&
      fits(`ua${addressTag}`, pool * ADDRESS_UNSEEN * times)
    );
  }

  /** Counts a record that is being stored. */
  add(payer: StoredPayer, bytes: number, arrived: number): void {
    this.#change(payer, bytes + STORED_COST, arrived);
  }

  /** Subtracts a record that was removed. */
  remove(payer: StoredPayer, bytes: number, arrived: number): void {
    this.#change(payer, -bytes - STORED_COST, arrived);
  }

  /**
   * Loads the counts of earlier runs of the station.
   *
   * @throws `store/` codes
   */
  async load(): Promise<void> {
    for await (const [key, value] of this.#options.store.list([AREA])) {
      const [, day = '', name = ''] = key;
      const bytes = Number(utf8Decode(value));
      const number = Number.parseInt(day, 10);
      if (Number.isSafeInteger(bytes) && bytes > 0 && number >= this.#oldest) {
        this.#days(name).set(number, bytes);
      }
    }
  }

  /**
   * Returns the changes of the counts since the last call, to be written to the store, and drops the counts of expired
   * days.
   */
  changes(): readonly StoreChange[] {
    const oldest = this.#oldest;
    const changes: StoreChange[] = [];
    for (const [name, days] of this.#payers) {
      for (const day of days.keys()) {
        if (day >= oldest) continue;
        days.delete(day);
        this.#note(name, day);
      }
    }
    for (const [name, days] of this.#dirty) {
      for (const day of days) {
        const bytes = this.#payers.get(name)?.get(day) ?? 0;
        const key = [AREA, String(day).padStart(DAY_DIGITS, '0'), name];
        changes.push(
          bytes > 0
            ? { type: 'set', key, value: utf8Encode(String(bytes)) }
            : { type: 'delete', key },
        );
      }
    }
    this.#dirty.clear();
    return changes;
  }

  /** The oldest day whose messages have not all expired. */
  get #oldest(): number {
    const { clock, limits } = this.#options;
    return Math.floor((clock.now() - limits.inboxRetention) / DAY_MS) - 1;
  }

  #change(payer: StoredPayer, bytes: number, arrived: number): void {
    const { sender, address, network, unseen } = payer;
    const day = Math.floor(arrived / DAY_MS);
    const names = [ALL, `s${sender}`, `a${address}`];
    if (network !== address) names.push(`a${network}`);
    if (unseen) names.push(UNSEEN, `us${sender}`, `ua${address}`);
    for (const name of names) this.#count(name, day, bytes);
  }

  #count(name: string, day: number, bytes: number): void {
    const days = this.#days(name);
    const left = (days.get(day) ?? 0) + bytes;
    if (left > 0) days.set(day, left);
    else days.delete(day);
    if (days.size === 0) this.#payers.delete(name);
    this.#note(name, day);
  }

  #note(name: string, day: number): void {
    const days = this.#dirty.get(name);
    if (days === undefined) this.#dirty.set(name, new Set([day]));
    else days.add(day);
  }

  #days(name: string): Map<number, number> {
    let days = this.#payers.get(name);
    if (days === undefined) {
      days = new Map();
      this.#payers.set(name, days);
      if (this.#payers.size > MAX_PAYERS) this.#forgetOne();
    }
    return days;
  }

  #forgetOne(): void {
    for (const name of this.#payers.keys()) {
      if (name === ALL || name === UNSEEN) continue;
      this.#payers.delete(name);
      return;
    }
  }

  #of(name: string): number {
    let sum = 0;
    for (const bytes of this.#payers.get(name)?.values() ?? []) sum += bytes;
    return sum;
  }
}
