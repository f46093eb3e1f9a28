import { LruMap, type MaybePromise } from '@dimp/foundation';
import type { EntityKey, ID } from '@dimp/mkm';

/** The sender that a message key belongs to. */
export interface KeyOwner {
  readonly owner: EntityKey;
  /** Whether a message proved it; see `Opening`. */
  readonly proven: boolean;
}

/** The use of a message key by a sender. */
export interface KeyClaim {
  /** The local user who can decrypt with the key. */
  readonly user: ID;
  /** Name of the key: Base64url of 16 bytes of a hash, 22 characters. */
  readonly fingerprint: string;
  readonly sender: ID;
  readonly proven: boolean;
  /**
   * Name of the private key that unwrapped it: Base64url of 16 bytes of a hash of its public half. Once that private key is
   * deleted, the claim is not needed. Absent for keys that were generated here.
   */
  readonly unwrappedBy?: string;
}

/** Options for {@link KeyOwners}. */
export interface KeyOwnersOptions {
  /** Maximum number of keys, 65,536 by default. */
  readonly capacity?: number;
}

/**
 * Records the sender of each message key, independent of the direction: older generations use one key for personal and for hidden
 * group messages. So an attacker cannot have a message of another sender opened as their own (spec §14.2 #20). Keys that name
 * their sender need no entry.
 *
 * This class holds the records in memory. A subclass that stores them overrides both methods. Records are needed as long as the
 * private key that unwraps the message key exists.
 */
export class KeyOwners {
  readonly #owners: LruMap<string, KeyOwner>;

  constructor({ capacity = 65_536 }: KeyOwnersOptions = {}) {
    this.#owners = new LruMap(capacity);
  }

  /** Returns the owner of a key, if it is known. */
  ownerOf(user: ID, fingerprint: string): MaybePromise<KeyOwner | undefined> {
    return this.#owners.get(slot(user, fingerprint));
  }

  /**
   * Records the use of a key by the rule of {@link settleClaim}: the first claim counts, and a proven one before an unproven one.
   * Concurrent claims are settled one after the other.
   *
   * @returns the owner from now on
   */
  claim(claim: KeyClaim): MaybePromise<KeyOwner> {
    const name = slot(claim.user, claim.fingerprint);
    const owner = settleClaim(this.#owners.get(name), claim);
    this.#owners.set(name, owner);
    return owner;
  }
}

/** Returns the owner after a claim: the first claimant, unless the new claim is proven and the first was not. */
export function settleClaim(
  known: KeyOwner | undefined,
  { sender, proven }: Pick<KeyClaim, 'sender' | 'proven'>,
): KeyOwner {
  if (known !== undefined && (known.proven || !proven)) return known;
  return { owner: sender.entity, proven };
}

/** Joins with NUL, which an ID cannot contain. */
function slot(user: ID, fingerprint: string): string {
  return `${user.entity}\u0000${fingerprint}`;
}
