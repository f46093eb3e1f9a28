import {
  type KeyClaim,
  type KeyOwner,
  KeyOwners,
  pairFingerprint,
  type Store,
  type StoreChange,
  type StoreKey,
  settleClaim,
} from '@dimp/core';
import { definedOnly, type JsonObject } from '@dimp/foundation';
import type { EntityKey, ID } from '@dimp/mkm';
import type { Facebook } from '../facebook/facebook.ts';
import { corruptRecord, decodeRecordObject, encodeRecord } from '../record.ts';

const AREA = 'key-owner';
const WHAT = 'owner of a message key';
/** Maximum attempts to write a record that another tab writes too. */
const ATTEMPTS = 16;

/** A stored owner. */
interface OwnerRecord extends KeyOwner {
  readonly unwrappedBy?: string;
}

/**
 * Owners of message keys in a store, so that even after a restart an attacker cannot have a message of another sender opened as
 * their own. A record is deleted only together with the private key that unwraps the message key: otherwise an attacker could
 * cause its deletion and then use the key.
 */
export class StoredKeyOwners extends KeyOwners {
  readonly #store: Store;

  constructor(store: Store) {
    super();
    this.#store = store;
  }

  override async ownerOf(user: ID, fingerprint: string): Promise<KeyOwner | undefined> {
    const bytes = await this.#store.get(pathOf(user, fingerprint));
    return bytes === undefined ? undefined : decode(bytes);
  }

  override async claim(claim: KeyClaim): Promise<KeyOwner> {
    const path = pathOf(claim.user, claim.fingerprint);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const bytes = await this.#store.get(path);
      const known = bytes === undefined ? undefined : decode(bytes);
      const owner = settleClaim(known, claim);
      if (known !== undefined && owner === known) return owner;
      const unwrappedBy = claim.unwrappedBy ?? known?.unwrappedBy;
      const record = { ...owner, ...definedOnly({ unwrappedBy }) };
      if (await this.#store.compareAndSet(path, bytes, encodeRecord(record))) return owner;
    }
    // Other tabs were faster each time, so one of them has stored the owner.
    return (
      (await this.ownerOf(claim.user, claim.fingerprint)) ?? Promise.reject(corruptRecord(WHAT))
    );
  }

  /** Deletes records whose private key is deleted, and those of users who are no longer local. */
  async purge(facebook: Facebook): Promise<void> {
    const users = await facebook.localUsers();
    const keys = new Map<string, ReadonlySet<string>>();
    for (const { id } of users) {
      const own = await facebook.messageKeys(id);
      keys.set(id.entity, new Set(own.map((key) => pairFingerprint(key))));
    }
    const changes: StoreChange[] = [];
    for await (const [key, bytes] of this.#store.list([AREA])) {
      const names = keys.get(key[1] ?? '');
      const { unwrappedBy } = decode(bytes);
      if (names !== undefined && (unwrappedBy === undefined || names.has(unwrappedBy))) continue;
      changes.push({ type: 'delete', key });
    }
    if (changes.length > 0) await this.#store.batch(changes);
  }
}

/** Exports the owners of a user's message keys for a backup, which needs them together with the private keys. */
export async function exportKeyOwners(store: Store, user: ID): Promise<readonly JsonObject[]> {
  const owners: JsonObject[] = [];
  for await (const [[, , fingerprint], bytes] of store.list([AREA, user.entity])) {
    if (fingerprint === undefined) continue;
    owners.push({ fingerprint, ...decodeRecordObject(bytes, WHAT) });
  }
  return owners;
}

/** Imports owners from a backup. A stored owner stays, unless it is unproven and the imported one is proven. */
export async function importKeyOwners(
  store: Store,
  user: ID,
  owners: readonly JsonObject[],
  readID: (text: unknown) => ID,
): Promise<void> {
  const stored = new StoredKeyOwners(store);
  for (const { fingerprint, owner, proven, unwrappedBy } of owners) {
    if (typeof fingerprint !== 'string') continue;
    const sender = readID(owner);
    await stored.claim({
      user,
      fingerprint,
      sender,
      proven: proven === true,
      ...(typeof unwrappedBy === 'string' ? { unwrappedBy } : {}),
    });
  }
}

/** Decodes an owner. A damaged record still blocks the key for all senders without proof. */
function decode(bytes: Uint8Array): OwnerRecord {
  try {
    const { owner, proven, unwrappedBy } = decodeRecordObject(bytes, WHAT);
    return {
      owner: String(owner) as EntityKey,
      proven: proven === true,
      ...(typeof unwrappedBy === 'string' ? { unwrappedBy } : {}),
    };
  } catch {
    return { owner: '' as EntityKey, proven: false };
  }
}

function pathOf(user: ID, fingerprint: string): StoreKey {
  return [AREA, user.entity, fingerprint];
}
