import type { SymmetricKey } from '@dimp/crypto';
import { LruMap } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { Barrack } from '../barrack/barrack.ts';
import { decryptError } from './decrypt-error.ts';
import { keyFingerprint } from './key-names.ts';
import type { KeyOwner, KeyOwners } from './key-owners.ts';

/** A use of a message key that does not name its sender. */
export interface KeyUse {
  readonly key: SymmetricKey;
  /** The user of this machine who opened it. */
  readonly user: ID;
  readonly sender: ID;
  readonly proven: boolean;
  readonly unwrappedBy?: string;
}

/** Users of keys whose claims are known to stand, so that not every message asks for them. */
const SETTLED_USES = 4096;

/**
 * Applies {@link KeyOwners}: a key of somebody else's opens nothing for who does not prove that the content is his own,
 * or it would tell him what others wrote (spec §14.2 #20).
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

  /** @throws `crypto/decrypt` for a key of somebody else, unless the use is proven */
  async check({ key, user, sender, proven }: KeyUse): Promise<void> {
    if (proven) return;
    const known = await this.#owners.ownerOf(user, keyFingerprint(key));
    if (known === undefined || known.owner === sender.entity) return;
    if (!(await this.#isShared(known, sender))) throw decryptError();
  }

  /** Remembers a use that was found right. */
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
      ...(unwrappedBy === undefined ? {} : { unwrappedBy }),
    });
    this.#settled.set(slot, proven);
  }

  /** Remembers a key that was made here, before anything is encrypted with it. */
  async made(key: SymmetricKey, sender: ID): Promise<void> {
    if (this.#ours.has(key)) return;
    await this.remember({ key, user: sender, sender, proven: true });
    this.#ours.add(key);
  }

  /** Members of one group know its key: whoever of them used it first must not shut the others out. */
  async #isShared({ owner }: KeyOwner, sender: ID): Promise<boolean> {
    const { parseID } = this.#barrack.protocol;
    // Our own keys are ours from their making: nobody else can have been first.
    if ((await this.#barrack.localIdentity(parseID(owner))) !== undefined) return false;
    return this.#barrack.areFellows(owner, sender.entity);
  }
}
