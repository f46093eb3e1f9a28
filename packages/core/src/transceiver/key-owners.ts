import { LruMap, type MaybePromise } from '@dimp/foundation';
import type { EntityKey, ID } from '@dimp/mkm';

/** Whose a message key is. */
export interface KeyOwner {
  readonly owner: EntityKey;
  /** Whether a message proved it, see `Opening`. */
  readonly proven: boolean;
}

/** That a message key was used by somebody. */
export interface KeyClaim {
  /** The user of this machine who can open what the key encrypts. */
  readonly user: ID;
  /** Name of the key: Base64url of 16 bytes of a hash, 22 characters. */
  readonly fingerprint: string;
  readonly sender: ID;
  readonly proven: boolean;
  /**
   * Name of the private key that unwrapped it: Base64url of 16 bytes of a hash of its public half. The claim is of no
   * use any more when that private key is gone. Absent for keys that were made here.
   */
  readonly unwrappedBy?: string;
}

/** What {@link KeyOwners} are made with. */
export interface KeyOwnersOptions {
  /** Keys remembered, 65,536 by default. */
  readonly capacity?: number;
}

/**
 * Remembers whose message keys are, whatever direction they were used in: older generations use one key for personal
 * and for hidden group messages. So nobody can have somebody else's message opened as his own (spec §14.2 #20). Keys
 * that name their sender need no entry.
 *
 * This class keeps them in memory. A subclass that stores them overrides both methods; entries are needed as long as the
 * private key that unwraps the message keys.
 */
export class KeyOwners {
  readonly #owners: LruMap<string, KeyOwner>;

  constructor({ capacity = 65_536 }: KeyOwnersOptions = {}) {
    this.#owners = new LruMap(capacity);
  }

  /** Whose a key is, if that is known. */
  ownerOf(user: ID, fingerprint: string): MaybePromise<KeyOwner | undefined> {
    return this.#owners.get(slot(user, fingerprint));
  }

  /**
   * Remembers a use of a key by {@link settleClaim}: the first one counts, and a proven one before an unproven one. Of
   * claims at the same time, all are judged one after the other.
   *
   * @returns whose the key is from now on
   */
  claim(claim: KeyClaim): MaybePromise<KeyOwner> {
    const name = slot(claim.user, claim.fingerprint);
    const owner = settleClaim(this.#owners.get(name), claim);
    this.#owners.set(name, owner);
    return owner;
  }
}

/** Whose a key is after a claim: the first one's who came, unless the claim is proven and the first was not. */
export function settleClaim(
  known: KeyOwner | undefined,
  { sender, proven }: Pick<KeyClaim, 'sender' | 'proven'>,
): KeyOwner {
  if (known !== undefined && (known.proven || !proven)) return known;
  return { owner: sender.entity, proven };
}

/** NUL keeps the two apart: no ID contains it. */
function slot(user: ID, fingerprint: string): string {
  return `${user.entity}\u0000${fingerprint}`;
}
