import type { Protocol } from '@dimp/core';
import { isProtocolError, LruMap, type MaybePromise, ownMember } from '@dimp/foundation';
import { type EntityKey, EntityType, type ID, sameEntity } from '@dimp/mkm';
import type { Deposit, Deposits } from './deposits.ts';

/** Decides who may learn where a user is, and whether they are online. */
export interface Acquaintance {
  /** Called for each message that a person has sent to another, not for messages that programs send by themselves. */
  wrote(sender: ID, receiver: ID): void;
  /**
   * Returns whether a user has shown that they know another one.
   *
   * @throws `store/` codes
   */
  knows(user: ID, other: ID): MaybePromise<boolean>;
}

/** Options for {@link Acquaintances}. */
export interface AcquaintancesOptions {
  readonly parseID: Protocol['parseID'];
  /** The deposits of users, for contacts that are stored unencrypted. */
  readonly vault?: Pick<Deposits, 'get'>;
}

/** Most users whose receivers are remembered, and receivers of each. */
const USERS = 16_384;
const RECEIVERS = 128;

/**
 * Remembers to whom users have recently written, and reads the contacts that they store unencrypted. A stranger must
 * not learn from a station when a user is online; a sender who was answered may. The memory is not stored, so that no
 * disk contains who talks to whom. After a restart each sender is a stranger until the user writes to them again.
 */
export class Acquaintances implements Acquaintance {
  readonly #options: AcquaintancesOptions;
  readonly #written = new LruMap<EntityKey, LruMap<EntityKey, true>>(USERS);

  constructor(options: AcquaintancesOptions) {
    this.#options = options;
  }

  wrote(sender: ID, receiver: ID): void {
    if (sameEntity(sender, receiver)) return;
    const known = this.#written.get(sender.entity) ?? new LruMap<EntityKey, true>(RECEIVERS);
    known.set(receiver.entity, true);
    this.#written.set(sender.entity, known);
  }

  /** Bots and stations are public: when they run says nothing about a person. */
  knows(user: ID, other: ID): MaybePromise<boolean> {
    if (user.type !== EntityType.User || sameEntity(user, other)) return true;
    if (this.#written.get(user.entity)?.get(other.entity) !== undefined) return true;
    const deposit = this.#options.vault?.get(user, 'contacts');
    if (deposit instanceof Promise) return deposit.then((each) => this.#names(each, other));
    return this.#names(deposit, other);
  }

  #names(deposit: Deposit | undefined, other: ID): boolean {
    const contacts = deposit === undefined ? undefined : ownMember(deposit.command, 'contacts');
    if (!Array.isArray(contacts)) return false;
    return contacts.some((each: unknown) => this.#is(each, other));
  }

  #is(text: unknown, other: ID): boolean {
    try {
      return sameEntity(this.#options.parseID(text), other);
    } catch (error) {
      if (isProtocolError(error)) return false;
      throw error;
    }
  }
}
