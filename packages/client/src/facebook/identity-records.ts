import type { Clock, LocalIdentity, Protocol, Store, StoreChange } from '@dimp/core';
import { canDecrypt, type DecryptKey, isExportable, type Signer } from '@dimp/crypto';
import { isJsonObject, type Json, type JsonObject, utf8Decode, utf8Encode } from '@dimp/foundation';
import { type EntityKey, type ID, sameEntity } from '@dimp/mkm';
import { corruptRecord, decodeRecordObject, encodeRecord } from '../record.ts';

/** Last message keys of a user that still open what was sent to an older visa (spec §2.7). */
export const MESSAGE_KEYS = 3;

const WHAT = 'identity';

/** The keys of a user of this machine, and how they were made. */
export interface IdentityKeys {
  readonly id: ID;
  readonly signer: Signer;
  /** Keys that open message keys, newest first; without the identity key. */
  readonly messageKeys: readonly DecryptKey[];
  /** How the identity was made, such as the entropy of its mnemonic. A secret like the keys. */
  readonly origin?: JsonObject;
}

interface Loaded extends IdentityKeys {
  readonly registered: number;
}

/**
 * Users of this machine in a store, a record each. They are kept open in memory: reading a private key again for every
 * message would cost more than the message. Keys that cannot be exported are in memory only.
 */
export class IdentityRecords {
  readonly #store: Store;
  readonly #protocol: Protocol;
  readonly #clock: Clock;
  /** Not exportable, so not stored. */
  readonly #volatile = new Map<EntityKey, Loaded>();
  #loaded: Promise<readonly Loaded[]> | undefined;
  #identities: readonly LocalIdentity[] | undefined;

  constructor(store: Store, protocol: Protocol, clock: Clock) {
    this.#store = store;
    this.#protocol = protocol;
    this.#clock = clock;
  }

  /** Users in the order in which they were registered, the current one first. */
  async all(): Promise<readonly LocalIdentity[]> {
    this.#identities ??= await this.#ordered();
    return this.#identities;
  }

  async find(id: ID): Promise<IdentityKeys | undefined> {
    const volatile = this.#volatile.get(id.entity);
    return volatile ?? (await this.#load()).find((each) => sameEntity(each.id, id));
  }

  /**
   * The changes that keep a user's keys; none for keys that cannot be exported. Call {@link IdentityRecords.noted} when
   * they have been written.
   */
  async changes(keys: IdentityKeys): Promise<readonly StoreChange[]> {
    const { id, signer, origin } = keys;
    const messageKeys = keys.messageKeys.slice(0, MESSAGE_KEYS);
    const wires = [signer, ...messageKeys].map((key) => (isExportable(key) ? key.toWire() : null));
    if (wires.includes(null)) return [];
    const [identityKey, ...others] = wires as readonly Json[];
    const known = (await this.#load()).find((each) => sameEntity(each.id, id));
    const record: JsonObject = {
      id: id.text,
      identityKey,
      messageKeys: others,
      registered: known?.registered ?? this.#clock.now(),
      ...(origin === undefined ? {} : { origin }),
    };
    return [{ type: 'set', key: ['identity', id.entity], value: encodeRecord(record) }];
  }

  /** The changes of {@link IdentityRecords.changes} have been written. */
  noted(keys: IdentityKeys, stored: boolean): void {
    if (stored) this.#volatile.delete(keys.id.entity);
    else {
      const messageKeys = keys.messageKeys.slice(0, MESSAGE_KEYS);
      this.#volatile.set(keys.id.entity, {
        ...keys,
        messageKeys,
        registered: this.#clock.now(),
      });
    }
    this.reload();
  }

  async remove(id: ID): Promise<void> {
    await this.#store.delete(['identity', id.entity]);
    this.#volatile.delete(id.entity);
    this.reload();
  }

  /** Chooses the user who is first from now on. */
  async choose(id: ID): Promise<void> {
    await this.#store.set(['current-user'], utf8Encode(id.entity));
    this.reload();
  }

  /** Reads the store again when somebody asks next: another tab has changed it. */
  reload(): void {
    this.#loaded = undefined;
    this.#identities = undefined;
  }

  async #ordered(): Promise<readonly LocalIdentity[]> {
    const bytes = await this.#store.get(['current-user']);
    const current = bytes === undefined ? undefined : utf8Decode(bytes);
    const stored = (await this.#load()).filter(({ id }) => !this.#volatile.has(id.entity));
    return [...stored, ...this.#volatile.values()]
      .sort((a, b) => a.registered - b.registered)
      .sort((a, b) => Number(b.id.entity === current) - Number(a.id.entity === current))
      .map(identityOf);
  }

  #load(): Promise<readonly Loaded[]> {
    this.#loaded ??= this.#read().catch((error: unknown) => {
      this.#loaded = undefined;
      throw error;
    });
    return this.#loaded;
  }

  async #read(): Promise<readonly Loaded[]> {
    const loaded: Loaded[] = [];
    for await (const [, bytes] of this.#store.list(['identity'])) {
      loaded.push(this.#decode(decodeRecordObject(bytes, WHAT)));
    }
    return loaded;
  }

  #decode(record: JsonObject): Loaded {
    const { id, identityKey, messageKeys, registered, origin } = record;
    if (!Array.isArray(messageKeys) || typeof registered !== 'number') throw corruptRecord(WHAT);
    if (origin !== undefined && !isJsonObject(origin)) throw corruptRecord(WHAT);
    const { keys, parseID } = this.#protocol;
    try {
      return {
        id: parseID(id),
        signer: keys.parsePrivate(identityKey) as Signer,
        messageKeys: (messageKeys as readonly Json[]).map(
          (key) => keys.parsePrivate(key) as unknown as DecryptKey,
        ),
        registered,
        ...(origin === undefined ? {} : { origin }),
      };
    } catch {
      // The cause stays out: it may quote a private key.
      throw corruptRecord(WHAT);
    }
  }
}

/** The identity key opens message keys as well, if its algorithm can (spec §2.7). */
function identityOf({ id, signer, messageKeys }: IdentityKeys): LocalIdentity {
  const own = canDecrypt(signer) ? [signer] : [];
  return { id, signer, decryptKeys: [...messageKeys, ...own] };
}
