import type { JsonObject } from '@dimp/foundation';
import type { StationRecord } from '../account/stations.ts';
import type { ContactRecord, KnownKeys } from '../people/people-source.ts';
import type { Caller } from './calls.ts';
import type { ProfileCalls } from './profile-calls.ts';

/** A profile that another process has open. */
export class RemoteProfile implements ProfileCalls {
  readonly #caller: Caller;
  readonly #listeners = new Set<() => void>();

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** Called when the other process says that contacts have changed. */
  contactsChanged(): void {
    for (const listener of this.#listeners) listener();
  }

  onContacts(listener: () => void): void {
    this.#listeners.add(listener);
  }

  contacts(): Promise<readonly ContactRecord[]> {
    return this.#caller.call('contacts', []);
  }

  correspondents(): Promise<readonly string[]> {
    return this.#caller.call('correspondents', []);
  }

  nickname(id: string): Promise<string | undefined> {
    return this.#caller.call('nickname', [id]);
  }

  keys(id: string): Promise<KnownKeys> {
    return this.#caller.call('keys', [id]);
  }

  note(id: string): Promise<void> {
    return this.#caller.call('note', [id]);
  }

  addContact(id: string, remark: string | undefined): Promise<void> {
    return this.#caller.call('addContact', [id, remark]);
  }

  removeContact(id: string): Promise<void> {
    return this.#caller.call('removeContact', [id]);
  }

  user(): Promise<string> {
    return this.#caller.call('user', []);
  }

  identity(): Promise<JsonObject> {
    return this.#caller.call('identity', []);
  }

  card(): Promise<JsonObject> {
    return this.#caller.call('card', []);
  }

  saveCard(id: string, meta: JsonObject, visa: JsonObject | undefined): Promise<void> {
    return this.#caller.call('saveCard', [id, meta, visa]);
  }

  stations(): Promise<readonly StationRecord[]> {
    return this.#caller.call('stations', []);
  }

  addStation(station: StationRecord): Promise<void> {
    return this.#caller.call('addStation', [station]);
  }

  removeStation(url: string): Promise<boolean> {
    return this.#caller.call('removeStation', [url]);
  }
}
