import type { Protocol } from '@dimp/core';
import { isProtocolError, LruMap, type MaybePromise, ownMember } from '@dimp/foundation';
import { type EntityKey, EntityType, type ID, sameEntity } from '@dimp/mkm';
import type { Deposit, Deposits } from './deposits.ts';

/** Who may know where somebody is, and whether they are there. */
export interface Acquaintance {
  /** Told of each message that somebody has written to somebody else, not of what programs send by themselves. */
  wrote(sender: ID, receiver: ID): void;
  /**
   * Whether a user has shown that they want to have to do with somebody.
   *
   * @throws `store/` codes
   */
  knows(user: ID, other: ID): MaybePromise<boolean>;
}

/** What {@link Acquaintances} are made with. */
export interface AcquaintancesOptions {
  readonly parseID: Protocol['parseID'];
  /** Contacts that users keep at the station; those that are encrypted tell it nothing. */
  readonly vault?: Pick<Deposits, 'get'>;
}

/** Users whose last receivers are remembered, and receivers of each. */
const USERS = 16_384;
const RECEIVERS = 128;

/**
 * Knows whom users have written to lately, and which contacts they keep here in the clear. A stranger must not learn
 * from a station when a person is there; whoever was answered may. It is kept in memory only: a list of who talks to
 * whom is nothing for a disk. After a restart everybody is a stranger until they are written to again.
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

  /** Bots and stations are there for everybody: nobody's life can be read from when they run. */
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
