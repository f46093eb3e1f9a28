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
import type { JsonObject } from '@dimp/foundation';
import type { EntityKey, ID } from '@dimp/mkm';
import type { Facebook } from '../facebook/facebook.ts';
import { corruptRecord, decodeRecordObject, encodeRecord } from '../record.ts';

const AREA = 'key-owner';
const WHAT = 'owner of a message key';
/** Attempts to write what another tab writes as well. */
const ATTEMPTS = 16;

/** An owner as it is stored. */
interface OwnerRecord extends KeyOwner {
  readonly unwrappedBy?: string;
}

/**
 * Remembers whose message keys are, in a store: also after a restart nobody can have somebody else's message opened as their
 * own. An entry is dropped with the private key that unwraps the message key, and with nothing else: whoever could make us
 * forget it could use the key afterwards.
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
      const record = { ...owner, ...(unwrappedBy === undefined ? {} : { unwrappedBy }) };
      if (await this.#store.compareAndSet(path, bytes, encodeRecord(record))) return owner;
    }
    // Others are faster each time: one of them has said whose it is.
    return (
      (await this.ownerOf(claim.user, claim.fingerprint)) ?? Promise.reject(corruptRecord(WHAT))
    );
  }

  /** Drops entries whose private key is gone, and those of users who are not here any more. */
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

/** The owners of a user's message keys, for a backup: whoever has the private keys needs them. */
export async function exportKeyOwners(store: Store, user: ID): Promise<readonly JsonObject[]> {
  const owners: JsonObject[] = [];
  for await (const [[, , fingerprint], bytes] of store.list([AREA, user.entity])) {
    if (fingerprint === undefined) continue;
    owners.push({ fingerprint, ...decodeRecordObject(bytes, WHAT) });
  }
  return owners;
}

/** Takes owners out of a backup. What is known here already stays, unless it is not proven and the other one is. */
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

/** A damaged record still says that the key is somebody's: nobody can use it without proof. */
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
