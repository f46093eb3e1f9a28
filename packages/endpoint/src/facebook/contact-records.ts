import type { Store, StoreChange, StoreKey } from '@dimp/core';
import { definedOnly } from '@dimp/foundation';
import type { EntityKey, ID } from '@dimp/mkm';
import { corruptRecord, decodePart, decodeRecordObject, encodeRecord } from '../record.ts';

/** A contact of a user. */
export interface Contact {
  readonly id: ID;
  /** The user's name for the contact. */
  readonly remark?: string;
}

const AREA = 'contact';

/**
 * Contacts of users in a store, one record each: adding a contact takes constant time, and tabs that add contacts at the same time
 * do not overwrite each other.
 */
export class ContactRecords {
  readonly #store: Store;
  readonly #readID: (text: unknown) => ID;

  constructor(store: Store, readID: (text: unknown) => ID) {
    this.#store = store;
    this.#readID = readID;
  }

  /** Returns the contacts, ordered by ID. */
  async *list(user: EntityKey): AsyncGenerator<Contact> {
    for await (const [key, bytes] of this.#store.list([AREA, user])) yield this.#decode(key, bytes);
  }

  async get(user: EntityKey, id: ID): Promise<Contact | undefined> {
    const key = pathOf(user, id);
    const bytes = await this.#store.get(key);
    return bytes === undefined ? undefined : this.#decode(key, bytes);
  }

  /** Adds or changes a contact. Without a remark, the stored one stays. */
  async set(user: EntityKey, contact: Contact): Promise<void> {
    const key = pathOf(user, contact.id);
    const value = encode(contact);
    if (contact.remark === undefined) await this.#store.compareAndSet(key, undefined, value);
    else await this.#store.set(key, value);
  }

  async delete(user: EntityKey, id: ID): Promise<void> {
    await this.#store.delete(pathOf(user, id));
  }

  /** Replaces all contacts of a user in one batch. Remaining contacts keep their remarks. */
  async replace(user: EntityKey, contacts: readonly ID[]): Promise<void> {
    const wanted = new Map<string, ID>(contacts.map((id) => [id.entity, id]));
    const changes: StoreChange[] = [];
    for await (const [key] of this.#store.list([AREA, user])) {
      if (!wanted.delete(key[2] ?? '')) changes.push({ type: 'delete', key });
    }
    for (const id of wanted.values()) {
      changes.push({ type: 'set', key: pathOf(user, id), value: encode({ id }) });
    }
    if (changes.length > 0) await this.#store.batch(changes);
  }

  #decode([, , entity]: StoreKey, bytes: Uint8Array): Contact {
    const { id: text, remark } = decodeRecordObject(bytes, AREA);
    if (remark !== undefined && typeof remark !== 'string') throw corruptRecord(AREA);
    const id = decodePart(AREA, () => this.#readID(text));
    if (id.entity !== entity) throw corruptRecord(AREA);
    return { id, ...definedOnly({ remark }) };
  }
}

/** Encodes a contact. An empty remark is left out. */
function encode({ id, remark }: Contact): Uint8Array {
  return encodeRecord({ id: id.text, ...(remark ? { remark } : {}) });
}

function pathOf(user: EntityKey, { entity }: ID): StoreKey {
  return [AREA, user, entity];
}
