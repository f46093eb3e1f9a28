import type { Facebook } from '@dimp/client';
import type { Store } from '@dimp/core';
import { definedOnly } from '@dimp/foundation';
import { documentName, type ID } from '@dimp/mkm';
import { protocol } from '../account/protocol.ts';
import { Correspondents } from './correspondents.ts';
import type { ContactRecord, KnownKeys, PeopleSource } from './people-source.ts';

/** Contacts and names in the store of a profile. */
export class StoredPeople implements PeopleSource {
  #facebook: Facebook;
  readonly #user: ID;
  readonly #correspondents: Correspondents;
  readonly #listeners = new Set<() => void>();

  constructor(
    { facebook, store }: { readonly facebook: Facebook; readonly store: Store },
    user: ID,
  ) {
    this.#facebook = facebook;
    this.#user = user;
    this.#correspondents = new Correspondents(store);
    this.#listen();
  }

  /** Reads and writes with another facebook over the same store from now on. */
  use(facebook: Facebook): void {
    this.#facebook = facebook;
    this.#listen();
  }

  async contacts(): Promise<readonly ContactRecord[]> {
    const contacts: ContactRecord[] = [];
    for (const id of await this.#facebook.contacts(this.#user)) {
      const remark = (await this.#facebook.contact(this.#user, id))?.remark || undefined;
      contacts.push({ id: id.text, ...definedOnly({ remark }) });
    }
    return contacts;
  }

  async correspondents(): Promise<readonly string[]> {
    return (await this.#correspondents.all()).map(({ id }) => id.text);
  }

  async nickname(id: string): Promise<string | undefined> {
    const document = await this.#facebook.document(protocol.parseID(id));
    return (document === undefined ? undefined : documentName(document)) || undefined;
  }

  async keys(id: string): Promise<KnownKeys> {
    const person = protocol.parseID(id);
    const meta = await this.#facebook.meta(person);
    const visa = await this.#facebook.document(person);
    const facts = { algorithm: meta?.key.algorithm, visaTime: visa?.time };
    return { hasVisa: visa !== undefined, ...definedOnly(facts) };
  }

  note(id: string): Promise<void> {
    return this.#correspondents.note(protocol.parseID(id));
  }

  async addContact(id: string, remark: string | undefined): Promise<void> {
    await this.#facebook.addContact(this.#user, protocol.parseID(id), definedOnly({ remark }));
  }

  async removeContact(id: string): Promise<void> {
    await this.#facebook.removeContact(this.#user, protocol.parseID(id));
  }

  onContacts(listener: () => void): void {
    this.#listeners.add(listener);
  }

  #listen(): void {
    this.#facebook.events.on('contactsChanged', () => {
      for (const listener of this.#listeners) listener();
    });
  }
}
