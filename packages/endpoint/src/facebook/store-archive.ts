import {
  type Archive,
  type LocalIdentity,
  type Protocol,
  type Store,
  type StoreChange,
  type StoreKey,
  withLock,
} from '@dimp/core';
import { isJsonObject, type Json, type JsonObject } from '@dimp/foundation';
import type { EntityKey, ID } from '@dimp/mkm';
import { corruptRecord, decodeRecord, decodeRecordObject, encodeRecord } from '../record.ts';
import { ContactRecords } from './contact-records.ts';
import { IdentityRecords } from './identity-records.ts';

/** The archive of a Facebook: verified data in a store, as JSON. */
export class StoreArchive implements Archive {
  readonly identities: IdentityRecords;
  readonly contactRecords: ContactRecords;
  readonly #store: Store;

  constructor(protocol: Protocol, store: Store) {
    this.#store = store;
    this.identities = new IdentityRecords(store, protocol);
    this.contactRecords = new ContactRecords(store, protocol.parseID);
  }

  async meta(entity: EntityKey): Promise<JsonObject | undefined> {
    const bytes = await this.#store.get(['meta', entity]);
    return bytes === undefined ? undefined : decodeRecordObject(bytes, 'meta');
  }

  async addMeta(entity: EntityKey, meta: JsonObject): Promise<boolean> {
    return this.#store.compareAndSet(['meta', entity], undefined, encodeRecord(meta));
  }

  async documents(entity: EntityKey): Promise<readonly JsonObject[]> {
    return this.#list(['documents', entity], isJsonObject);
  }

  async changeDocuments(
    entity: EntityKey,
    change: (stored: readonly JsonObject[]) => readonly JsonObject[] | undefined,
  ): Promise<void> {
    await this.changingDocuments(entity, async () => {
      const documents = change(await this.documents(entity));
      if (documents !== undefined) await this.write([putDocuments(entity, documents)]);
    });
  }

  async members(group: EntityKey): Promise<readonly string[]> {
    return this.#list(['members', group], isText);
  }

  async groups(): Promise<readonly EntityKey[]> {
    const groups: EntityKey[] = [];
    for await (const [[, entity]] of this.#store.list(['members'])) {
      if (entity !== undefined) groups.push(entity as EntityKey);
    }
    return groups;
  }

  async setMembers(group: EntityKey, members: readonly string[]): Promise<void> {
    await this.#store.set(['members', group], encodeRecord(members));
  }

  async contacts(user: EntityKey): Promise<readonly string[]> {
    const contacts: string[] = [];
    for await (const { id } of this.contactRecords.list(user)) contacts.push(id.text);
    return contacts;
  }

  localIdentities(): Promise<readonly LocalIdentity[]> {
    return this.identities.all();
  }

  /** Runs a task under the lock of the local users, across all tabs. */
  changingUsers<T>(task: () => Promise<T>): Promise<T> {
    return withLock(this.#store, 'facebook users', task);
  }

  /** Runs a task under the lock of an entity's documents, across all tabs. */
  changingDocuments<T>(entity: EntityKey, task: () => Promise<T>): Promise<T> {
    return withLock(this.#store, `facebook documents ${entity}`, task);
  }

  /** Deletes all data of an entity that is not a local user. */
  async removeEntity(entity: EntityKey): Promise<void> {
    const areas = ['meta', 'documents', 'members'];
    await this.write(areas.map((area) => ({ type: 'delete', key: [area, entity] })));
  }

  /** Applies all changes or none. */
  async write(changes: readonly StoreChange[]): Promise<void> {
    if (changes.length > 0) await this.#store.batch(changes);
  }

  async #list<T extends Json>(key: StoreKey, isItem: (item: Json) => item is T): Promise<T[]> {
    const bytes = await this.#store.get(key);
    if (bytes === undefined) return [];
    const what = key[0] ?? '';
    const list = decodeRecord(bytes, what);
    if (!Array.isArray(list)) throw corruptRecord(what);
    const items: readonly Json[] = list;
    if (!items.every(isItem)) throw corruptRecord(what);
    return [...items];
  }
}

/** Returns the change that stores a first meta. */
export function putMeta({ entity }: ID, meta: JsonObject): StoreChange {
  return { type: 'set', key: ['meta', entity], value: encodeRecord(meta) };
}

export function putDocuments(entity: EntityKey, documents: readonly JsonObject[]): StoreChange {
  return { type: 'set', key: ['documents', entity], value: encodeRecord(documents) };
}

/** @param members - the owner first */
export function putMembers({ entity }: ID, members: readonly ID[]): StoreChange {
  const texts = members.map(({ text }) => text);
  return { type: 'set', key: ['members', entity], value: encodeRecord(texts) };
}

function isText(item: Json): item is string {
  return typeof item === 'string';
}
