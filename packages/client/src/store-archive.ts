import type { Archive, LocalIdentity, Protocol, Store, StoreKey } from '@dimp/core';
import { canDecrypt, type DecryptKey, isExportable, type Signer } from '@dimp/crypto';
import {
  isJsonObject,
  type Json,
  type JsonLimits,
  type JsonObject,
  ProtocolError,
  parseJson,
  stringifyJson,
  utf8Encode,
} from '@dimp/foundation';
import { type EntityKey, type ID, sameEntity } from '@dimp/mkm';

/** Last message keys of a user that still open what was sent to an older visa (spec §2.7). */
const MESSAGE_KEYS = 3;

/** Bounds of what is read back: a list of members may be longer than what fits into one message. */
const RECORD_LIMITS: JsonLimits = /* @__PURE__ */ Object.freeze({
  maxBytes: 64 * 1024 * 1024,
  maxDepth: 64,
  maxMembers: 1_048_576,
});

/** The archive of a {@link Facebook}: what the barrack verified, in a store, as JSON. */
export class StoreArchive implements Archive {
  readonly #protocol: Protocol;
  readonly #store: Store;
  /**
   * Identities are kept open: reading a private key again for every message would cost more than the message. Keys that
   * cannot be exported are here only.
   */
  #identities: readonly LocalIdentity[] | undefined;

  constructor(protocol: Protocol, store: Store) {
    this.#protocol = protocol;
    this.#store = store;
  }

  async meta(entity: EntityKey): Promise<JsonObject | undefined> {
    const wire = await this.#read(['meta', entity]);
    return isJsonObject(wire) ? wire : undefined;
  }

  async addMeta(entity: EntityKey, meta: JsonObject): Promise<boolean> {
    return this.#store.compareAndSet(['meta', entity], undefined, bytesOf(meta));
  }

  async documents(entity: EntityKey): Promise<readonly JsonObject[]> {
    const list = await this.#read(['documents', entity]);
    return Array.isArray(list) ? list.filter(isJsonObject) : [];
  }

  async setDocuments(entity: EntityKey, documents: readonly JsonObject[]): Promise<void> {
    await this.#write(['documents', entity], documents);
  }

  members(group: EntityKey): Promise<readonly string[]> {
    return this.#readTexts(['members', group]);
  }

  async setMembers(group: EntityKey, members: readonly string[]): Promise<void> {
    await this.#write(['members', group], members);
  }

  contacts(user: EntityKey): Promise<readonly string[]> {
    return this.#readTexts(['contacts', user]);
  }

  async setContacts(user: EntityKey, contacts: readonly string[]): Promise<void> {
    await this.#write(['contacts', user], contacts);
  }

  async localIdentities(): Promise<readonly LocalIdentity[]> {
    this.#identities ??= await this.#loadIdentities();
    return this.#identities;
  }

  /**
   * Keeps the keys of a user of this machine. Keys that cannot be exported are kept in memory only.
   *
   * @param decryptKeys - newest first; the last {@link MESSAGE_KEYS} are kept
   */
  async addIdentity(id: ID, signer: Signer, decryptKeys: readonly DecryptKey[]): Promise<void> {
    const identity = identityOf(id, signer, decryptKeys.slice(0, MESSAGE_KEYS));
    const wires = [signer, ...decryptKeys.slice(0, MESSAGE_KEYS)].map((key) =>
      isExportable(key) ? key.toWire() : undefined,
    );
    const [identityKey, ...messageKeys] = wires;
    if (identityKey !== undefined && !messageKeys.includes(undefined)) {
      const known = await this.#readTexts(['users']);
      const users = [...known.filter((text) => text !== id.text), id.text];
      await this.#store.batch([
        {
          type: 'set',
          key: ['identity', id.entity],
          value: bytesOf({ id: id.text, identityKey, messageKeys: messageKeys as Json[] }),
        },
        { type: 'set', key: ['users'], value: bytesOf(users) },
      ]);
    }
    const others = (await this.localIdentities()).filter((each) => !sameEntity(each.id, id));
    this.#identities = [...others, identity];
  }

  async #loadIdentities(): Promise<readonly LocalIdentity[]> {
    const identities: LocalIdentity[] = [];
    for (const text of await this.#readTexts(['users'])) {
      const id = this.#protocol.parseID(text);
      const wire = await this.#read(['identity', id.entity]);
      if (!isJsonObject(wire)) throw corrupt('identity');
      const messageKeys = wire['messageKeys'];
      const signer = this.#protocol.keys.parsePrivate(wire['identityKey']) as Signer;
      const decryptKeys = (Array.isArray(messageKeys) ? messageKeys : []).map(
        (key: Json) => this.#protocol.keys.parsePrivate(key) as unknown as DecryptKey,
      );
      identities.push(identityOf(id, signer, decryptKeys));
    }
    return identities;
  }

  async #read(key: StoreKey): Promise<Json | undefined> {
    const bytes = await this.#store.get(key);
    if (bytes === undefined) return undefined;
    try {
      return parseJson(bytes, RECORD_LIMITS);
    } catch {
      throw corrupt(key[0] ?? '');
    }
  }

  async #readTexts(key: StoreKey): Promise<readonly string[]> {
    const list = await this.#read(key);
    if (list === undefined) return [];
    if (!Array.isArray(list) || !list.every((each) => typeof each === 'string')) {
      throw corrupt(key[0] ?? '');
    }
    return list as readonly string[];
  }

  async #write(key: StoreKey, value: Json): Promise<void> {
    await this.#store.set(key, bytesOf(value));
  }
}

/** The identity key opens message keys as well, if its algorithm can (spec §2.7). */
function identityOf(id: ID, signer: Signer, decryptKeys: readonly DecryptKey[]): LocalIdentity {
  const own = canDecrypt(signer) ? [signer] : [];
  return { id, signer, decryptKeys: [...decryptKeys, ...own] };
}

function bytesOf(value: Json): Uint8Array {
  return utf8Encode(stringifyJson(value));
}

function corrupt(what: string): ProtocolError<'store/corrupt'> {
  return new ProtocolError('store/corrupt', 'a stored record cannot be read', {
    details: { what },
  });
}
