import type { LocalIdentity, Protocol, Store, StoreChange } from '@dimp/core';
import {
  canDecrypt,
  canSign,
  type DecryptKey,
  isExportable,
  type Key,
  type Signer,
} from '@dimp/crypto';
import {
  definedOnly,
  isJsonObject,
  type Json,
  type JsonObject,
  utf8Decode,
  utf8Encode,
} from '@dimp/foundation';
import { type EntityKey, type ID, sameEntity } from '@dimp/mkm';
import { corruptRecord, decodePart, decodeRecordObject, encodeRecord } from '../record.ts';

/** Number of message keys kept per user, for messages to older visas (spec §2.7). */
export const MESSAGE_KEYS = 3;

const AREA = 'identity';
const CURRENT = ['current-user'] as const;

/** The keys of a local user and their origin. */
export interface IdentityKeys {
  readonly id: ID;
  readonly signer: Signer;
  /** Keys that decrypt message keys, newest first; without the identity key. */
  readonly messageKeys: readonly DecryptKey[];
  /** How the identity was made, such as the entropy of its mnemonic. A secret like the keys. */
  readonly origin?: JsonObject;
}

interface Loaded extends IdentityKeys {
  /** Position in the order of users. */
  readonly number: number;
}

interface Users {
  /** In the order of their registration. */
  readonly loaded: readonly Loaded[];
  /** The current one first. */
  readonly identities: readonly LocalIdentity[];
}

/** A pending change of keys. */
export interface IdentityChange {
  /** Empty for keys that cannot be exported. */
  readonly changes: readonly StoreChange[];
  /** To be called after the changes have been written. */
  done(): void;
}

/**
 * Local users in a store, one record each. They are cached in memory, because reading a private key for each message would cost more
 * than the message. Keys that cannot be exported are in memory only.
 */
export class IdentityRecords {
  readonly #store: Store;
  readonly #protocol: Protocol;
  /** Users whose keys cannot be exported and are not stored. */
  readonly #volatile = new Map<EntityKey, Loaded>();
  #users: Promise<Users> | undefined;

  constructor(store: Store, protocol: Protocol) {
    this.#store = store;
    this.#protocol = protocol;
  }

  /** Returns the users, the current one first and the others in the order of their registration. */
  async all(): Promise<readonly LocalIdentity[]> {
    return (await this.#load()).identities;
  }

  /** Returns the IDs of the users in the order of their registration. */
  async registered(): Promise<readonly ID[]> {
    return (await this.#load()).loaded.map(({ id }) => id);
  }

  async find(id: ID): Promise<IdentityKeys | undefined> {
    return (await this.#load()).loaded.find((each) => sameEntity(each.id, id));
  }

  /**
   * Returns the changes that store a user's keys. The caller holds the lock of the users until they are written. A stored origin
   * stays if there is no new one.
   */
  async change(keys: IdentityKeys): Promise<IdentityChange> {
    // The cache may be older than what another tab has stored.
    this.reload();
    const { loaded } = await this.#load();
    const known = loaded.find((each) => sameEntity(each.id, keys.id));
    const number = known?.number ?? Math.max(0, ...loaded.map((each) => each.number)) + 1;
    const origin = keys.origin ?? known?.origin;
    const { id, signer } = keys;
    const messageKeys = keys.messageKeys.slice(0, MESSAGE_KEYS);
    const next: Loaded = { id, signer, messageKeys, number, ...(origin && { origin }) };
    const record = recordOf(next);
    return {
      changes: record === undefined ? [] : [{ type: 'set', key: [AREA, id.entity], value: record }],
      done: () => {
        if (record === undefined) this.#volatile.set(id.entity, next);
        else this.#volatile.delete(id.entity);
        this.reload();
      },
    };
  }

  /** Deletes a user. The caller holds the lock of the users. */
  async remove({ entity }: ID): Promise<void> {
    const changes: StoreChange[] = [{ type: 'delete', key: [AREA, entity] }];
    // A user who returns is not the current one automatically.
    if ((await this.#current()) === entity) changes.push({ type: 'delete', key: CURRENT });
    await this.#store.batch(changes);
    this.#volatile.delete(entity);
    this.reload();
  }

  /** Chooses the current user. */
  async choose({ entity }: ID): Promise<void> {
    await this.#store.set(CURRENT, utf8Encode(entity));
    this.reload();
  }

  /** Drops the cache, because another tab may have changed the store. */
  reload(): void {
    this.#users = undefined;
  }

  #load(): Promise<Users> {
    if (this.#users !== undefined) return this.#users;
    const users = this.#read();
    this.#users = users;
    users.catch(() => {
      if (this.#users === users) this.#users = undefined;
    });
    return users;
  }

  async #read(): Promise<Users> {
    const loaded: Loaded[] = [...this.#volatile.values()];
    for await (const [[, entity], bytes] of this.#store.list([AREA])) {
      const each = this.#decode(decodeRecordObject(bytes, AREA));
      if (each.id.entity !== entity) throw corruptRecord(AREA);
      if (!this.#volatile.has(each.id.entity)) loaded.push(each);
    }
    loaded.sort((a, b) => a.number - b.number);
    const current = await this.#current();
    const identities = [
      ...loaded.filter(({ id }) => id.entity === current),
      ...loaded.filter(({ id }) => id.entity !== current),
    ];
    return { loaded, identities: identities.map(identityOf) };
  }

  async #current(): Promise<string | undefined> {
    const bytes = await this.#store.get(CURRENT);
    if (bytes === undefined) return undefined;
    return decodePart(CURRENT[0], () => utf8Decode(bytes));
  }

  #decode(record: JsonObject): Loaded {
    const { id, identityKey, messageKeys, number, origin } = record;
    if (!Array.isArray(messageKeys) || !Number.isSafeInteger(number)) throw corruptRecord(AREA);
    if (origin !== undefined && !isJsonObject(origin)) throw corruptRecord(AREA);
    return {
      id: decodePart(AREA, () => this.#protocol.parseID(id)),
      signer: this.#readKey(identityKey, canSign),
      messageKeys: (messageKeys as readonly Json[]).map((key) => this.#readKey(key, canDecrypt)),
      number: number as number,
      ...definedOnly({ origin }),
    };
  }

  #readKey<K extends Key>(wire: Json | undefined, can: (key: Key) => key is K): K {
    const key: Key = decodePart(AREA, () => this.#protocol.keys.parsePrivate(wire));
    if (!can(key)) throw corruptRecord(AREA);
    return key;
  }
}

/** @returns undefined if one of the keys cannot be exported */
function recordOf({ id, signer, messageKeys, number, origin }: Loaded): Uint8Array | undefined {
  const wires: Json[] = [];
  for (const key of [signer, ...messageKeys]) {
    if (!isExportable(key)) return undefined;
    wires.push(key.toWire());
  }
  const [identityKey, ...others] = wires as [Json, ...Json[]];
  return encodeRecord({
    id: id.text,
    identityKey,
    messageKeys: others,
    number,
    ...definedOnly({ origin }),
  });
}

/** Adds the identity key to the decryption keys if it can decrypt (spec §2.7). */
function identityOf({ id, signer, messageKeys }: IdentityKeys): LocalIdentity {
  const own = canDecrypt(signer) ? [signer] : [];
  return { id, signer, decryptKeys: [...messageKeys, ...own] };
}
