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
 * Keys of one sender that are remembered: a client makes one a day. Each sender has this many of their own, so that
 * nobody's commands, however many, make a station forget whose the keys of others are.
 */
const MAX_KEYS = 1024;

/**
 * Remembers on disk who used a message key first in a command for the station, so that nobody can have the station open
 * what others wrote, and watch its answers (spec §14.2 #20 and #21).
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

  /** Lists a key among those of its sender; the oldest has to go when there are too many. */
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

  /** Unless it was proven to be somebody else's meanwhile. */
  async #forget(fingerprint: string, entity: EntityKey): Promise<void> {
    const bytes = await this.#store.get([OWNER, fingerprint]);
    if (bytes === undefined || readOwner(bytes).owner !== entity) return;
    await this.#store.delete([OWNER, fingerprint]);
  }
}

/** A damaged record still says that the key is somebody's: nobody can use it without proof. */
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
