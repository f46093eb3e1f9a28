import {
  type KeyClaim,
  type KeyOwner,
  KeyOwners,
  type Store,
  settleClaim,
  withLock,
} from '@dimp/core';
import { decodeRecordObject, encodeRecord } from '@dimp/endpoint';
import type { EntityKey, ID } from '@dimp/mkm';

const OWNER = 'key-owner';
const KEYS = 'key-owner-keys';
/**
 * Keys that are remembered for each sender; a client creates one a day. The bound is for each sender, so that the
 * commands of one sender cannot displace the keys of others.
 */
const MAX_KEYS = 1024;

/**
 * Stores who first used a message key in a command for the station, so that an attacker cannot have the station decrypt
 * messages of others and watch its answers (spec §14.2 #20 and #21).
 */
export class StoredKeyOwners extends KeyOwners {
  readonly #store: Store;

  constructor(store: Store) {
    super();
    this.#store = store;
  }

  override async ownerOf(_user: ID, fingerprint: string): Promise<KeyOwner | undefined> {
    const bytes = await this.#store.get([OWNER, fingerprint]);
    return bytes === undefined ? undefined : readOwner(bytes);
  }

  override claim(claim: KeyClaim): Promise<KeyOwner> {
    const { fingerprint, user } = claim;
    return withLock(this.#store, `${OWNER} ${fingerprint}`, async () => {
      const known = await this.ownerOf(user, fingerprint);
      const owner = settleClaim(known, claim);
      if (owner === known) return owner;
      await this.#store.set([OWNER, fingerprint], encodeRecord({ ...owner }));
      await this.#note(claim);
      return owner;
    });
  }

  /** Adds a key to those of its sender, and drops the oldest ones beyond the bound. */
  async #note({ sender, fingerprint }: KeyClaim): Promise<void> {
    const { entity } = sender;
    await withLock(this.#store, `${KEYS} ${entity}`, async () => {
      const bytes = await this.#store.get([KEYS, entity]);
      const others = (bytes === undefined ? [] : readKeys(bytes)).filter(
        (each) => each !== fingerprint,
      );
      const keys = [fingerprint, ...others];
      await this.#store.set([KEYS, entity], encodeRecord({ keys: keys.slice(0, MAX_KEYS) }));
      for (const old of keys.slice(MAX_KEYS)) await this.#forget(old, entity);
    });
  }

  /** Deletes a key, unless it was proven meanwhile to belong to another sender. */
  async #forget(fingerprint: string, entity: EntityKey): Promise<void> {
    const bytes = await this.#store.get([OWNER, fingerprint]);
    if (bytes === undefined || readOwner(bytes).owner !== entity) return;
    await this.#store.delete([OWNER, fingerprint]);
  }
}

/** Reads an owner. With a damaged record the key still counts as owned, so that it cannot be used without proof. */
function readOwner(bytes: Uint8Array): KeyOwner {
  try {
    const { owner, proven } = decodeRecordObject(bytes, OWNER);
    return { owner: String(owner) as EntityKey, proven: proven === true };
  } catch {
    return { owner: '' as EntityKey, proven: false };
  }
}

function readKeys(bytes: Uint8Array): readonly string[] {
  try {
    const { keys } = decodeRecordObject(bytes, KEYS);
    return Array.isArray(keys) ? keys.filter((each) => typeof each === 'string') : [];
  } catch {
    return [];
  }
}
