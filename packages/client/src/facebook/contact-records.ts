import type { Store, StoreChange, StoreKey } from '@dimp/core';
import type { EntityKey, ID } from '@dimp/mkm';
import { corruptRecord, decodeRecordObject, encodeRecord } from '../record.ts';

/** Somebody whom a user knows. */
export interface Contact {
  readonly id: ID;
  /** What the user calls him. */
  readonly remark?: string;
}

/** Contacts of users in a store, a record each: adding one costs the same however many there are. */
export class ContactRecords {
  readonly #store: Store;
  readonly #readID: (text: unknown) => ID;

  constructor(store: Store, readID: (text: unknown) => ID) {
    this.#store = store;
    this.#readID = readID;
  }

  /** In the order of their names. */
  async *list(user: EntityKey): AsyncGenerator<Contact> {
    for await (const [, bytes] of this.#store.list(['contact', user])) yield this.#decode(bytes);
  }

  async get(user: EntityKey, id: ID): Promise<Contact | undefined> {
    const bytes = await this.#store.get(pathOf(user, id));
    return bytes === undefined ? undefined : this.#decode(bytes);
  }

  async set(user: EntityKey, contact: Contact): Promise<void> {
    await this.#store.set(pathOf(user, contact.id), encode(contact));
  }

  async delete(user: EntityKey, id: ID): Promise<void> {
    await this.#store.delete(pathOf(user, id));
  }

  /** Replaces all contacts of a user at once; remarks of those who stay are kept. */
  async replace(user: EntityKey, contacts: readonly ID[]): Promise<void> {
    const wanted = new Map(contacts.map((id) => [id.entity, id]));
    const changes: StoreChange[] = [];
    for await (const { id } of this.list(user)) {
      if (!wanted.delete(id.entity)) changes.push({ type: 'delete', key: pathOf(user, id) });
    }
    for (const id of wanted.values()) {
      changes.push({ type: 'set', key: pathOf(user, id), value: encode({ id }) });
    }
    await this.#store.batch(changes);
  }

  #decode(bytes: Uint8Array): Contact {
    const { id, remark } = decodeRecordObject(bytes, 'contact');
    if (remark !== undefined && typeof remark !== 'string') throw corruptRecord('contact');
    try {
      return { id: this.#readID(id), ...(remark === undefined ? {} : { remark }) };
    } catch {
      throw corruptRecord('contact');
    }
  }
}

function encode({ id, remark }: Contact): Uint8Array {
  return encodeRecord({ id: id.text, ...(remark === undefined ? {} : { remark }) });
}

function pathOf(user: EntityKey, { entity }: ID): StoreKey {
  return ['contact', user, entity];
}
