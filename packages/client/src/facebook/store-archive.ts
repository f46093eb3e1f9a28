import type { Archive, Clock, LocalIdentity, Protocol, Store, StoreKey } from '@dimp/core';
import { isJsonObject, type Json, type JsonObject } from '@dimp/foundation';
import type { EntityKey } from '@dimp/mkm';
import { corruptRecord, decodeRecord, encodeRecord } from '../record.ts';
import { ContactRecords } from './contact-records.ts';
import { IdentityRecords } from './identity-records.ts';

/** The archive of a Facebook: what the barrack verified, in a store, as JSON. */
export class StoreArchive implements Archive {
  readonly identities: IdentityRecords;
  readonly contactRecords: ContactRecords;
  readonly #store: Store;

  constructor(protocol: Protocol, store: Store, clock: Clock) {
    this.#store = store;
    this.identities = new IdentityRecords(store, protocol, clock);
    this.contactRecords = new ContactRecords(store, protocol.parseID);
  }

  async meta(entity: EntityKey): Promise<JsonObject | undefined> {
    const wire = await this.#read(['meta', entity]);
    return isJsonObject(wire) ? wire : undefined;
  }

  async addMeta(entity: EntityKey, meta: JsonObject): Promise<boolean> {
    return this.#store.compareAndSet(['meta', entity], undefined, encodeRecord(meta));
  }

  async documents(entity: EntityKey): Promise<readonly JsonObject[]> {
    const list = await this.#read(['documents', entity]);
    return Array.isArray(list) ? list.filter(isJsonObject) : [];
  }

  async setDocuments(entity: EntityKey, documents: readonly JsonObject[]): Promise<void> {
    await this.#write(['documents', entity], documents);
  }

  async members(group: EntityKey): Promise<readonly string[]> {
    const list = await this.#read(['members', group]);
    if (list === undefined) return [];
    if (!Array.isArray(list) || !list.every((each) => typeof each === 'string')) {
      throw corruptRecord('members');
    }
    return list as readonly string[];
  }

  async setMembers(group: EntityKey, members: readonly string[]): Promise<void> {
    await this.#write(['members', group], members);
  }

  async contacts(user: EntityKey): Promise<readonly string[]> {
    const contacts: string[] = [];
    for await (const { id } of this.contactRecords.list(user)) contacts.push(id.text);
    return contacts;
  }

  localIdentities(): Promise<readonly LocalIdentity[]> {
    return this.identities.all();
  }

  async #read(key: StoreKey): Promise<Json | undefined> {
    const bytes = await this.#store.get(key);
    return bytes === undefined ? undefined : decodeRecord(bytes, key[0] ?? '');
  }

  async #write(key: StoreKey, value: Json): Promise<void> {
    await this.#store.set(key, encodeRecord(value));
  }
}
