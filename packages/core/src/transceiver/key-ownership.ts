import type { SymmetricKey } from '@dimp/crypto';
import { definedOnly, LruMap } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { Barrack } from '../barrack/barrack.ts';
import { decryptError } from './decrypt-error.ts';
import { keyFingerprint } from './key-names.ts';
import type { KeyOwner, KeyOwners } from './key-owners.ts';

/** The use of a message key that does not name its sender. */
export interface KeyUse {
  readonly key: SymmetricKey;
  /** The local user who decrypted it. */
  readonly user: ID;
  readonly sender: ID;
  readonly proven: boolean;
  readonly unwrappedBy?: string;
}

/** Cache of settled claims, so that not every message reads them. */
const SETTLED_USES = 4096;

/**
 * Applies {@link KeyOwners}: a message under another sender's key is refused unless its sender proves to be the author of the
 * content. Otherwise an attacker could learn what others wrote (spec §14.2 #20).
 */
export class KeyOwnership {
  readonly #owners: KeyOwners;
  readonly #barrack: Barrack;
  readonly #settled = new LruMap<string, boolean>(SETTLED_USES);
  readonly #ours = new WeakSet<SymmetricKey>();

  constructor(owners: KeyOwners, barrack: Barrack) {
    this.#owners = owners;
    this.#barrack = barrack;
  }

  /** Checks a use. @throws `crypto/decrypt` for a key of another sender, unless the use is proven */
  async check({ key, user, sender, proven }: KeyUse): Promise<void> {
    if (proven) return;
    const known = await this.#owners.ownerOf(user, keyFingerprint(key));
    if (known === undefined || known.owner === sender.entity) return;
    if (!(await this.#isShared(known, sender))) throw decryptError();
  }

  /** Records a use that passed all checks. */
  async remember({ key, user, sender, proven, unwrappedBy }: KeyUse): Promise<void> {
    const fingerprint = keyFingerprint(key);
    const slot = `${user.entity}\u0000${sender.entity}\u0000${fingerprint}`;
    const settled = this.#settled.get(slot);
    if (settled === true || (settled === false && !proven)) return;
    await this.#owners.claim({
      user,
      fingerprint,
      sender,
      proven,
      ...definedOnly({ unwrappedBy }),
    });
    this.#settled.set(slot, proven);
  }

  /** Records a new own key before it encrypts anything. */
  async made(key: SymmetricKey, sender: ID): Promise<void> {
    if (this.#ours.has(key)) return;
    await this.remember({ key, user: sender, sender, proven: true });
    this.#ours.add(key);
  }

  /** Whether two users share a group: all members know its key, and the first to use it must not exclude the others. */
  async #isShared({ owner }: KeyOwner, sender: ID): Promise<boolean> {
    const { parseID } = this.#barrack.protocol;
    // Own keys are recorded when they are generated, so no other sender can have been first.
    if ((await this.#barrack.localIdentity(parseID(owner))) !== undefined) return false;
    return this.#barrack.areFellows(owner, sender.entity);
  }
}
