import type { JsonObject } from '@dimp/foundation';
import { type EntityKey, sameEntity } from '@dimp/mkm';
import type { Archive, LocalIdentity } from '../barrack/archive.ts';

/** An {@link Archive} in memory. */
export class MemoryArchive implements Archive {
  readonly #metas = new Map<EntityKey, JsonObject>();
  readonly #documents = new Map<EntityKey, readonly JsonObject[]>();
  readonly #members = new Map<EntityKey, readonly string[]>();
  readonly #contacts = new Map<EntityKey, readonly string[]>();
  #identities: readonly LocalIdentity[] = [];

  meta(entity: EntityKey): JsonObject | undefined {
    return this.#metas.get(entity);
  }

  addMeta(entity: EntityKey, meta: JsonObject): boolean {
    if (this.#metas.has(entity)) return false;
    this.#metas.set(entity, meta);
    return true;
  }

  documents(entity: EntityKey): readonly JsonObject[] {
    return this.#documents.get(entity) ?? [];
  }

  changeDocuments(
    entity: EntityKey,
    change: (stored: readonly JsonObject[]) => readonly JsonObject[] | undefined,
  ): void {
    const documents = change(this.documents(entity));
    if (documents !== undefined) this.#documents.set(entity, [...documents]);
  }

  members(group: EntityKey): readonly string[] {
    return this.#members.get(group) ?? [];
  }

  groups(): readonly EntityKey[] {
    return [...this.#members.keys()];
  }

  setMembers(group: EntityKey, members: readonly string[]): void {
    this.#members.set(group, [...members]);
  }

  contacts(user: EntityKey): readonly string[] {
    return this.#contacts.get(user) ?? [];
  }

  setContacts(user: EntityKey, contacts: readonly string[]): void {
    this.#contacts.set(user, [...contacts]);
  }

  localIdentities(): readonly LocalIdentity[] {
    return this.#identities;
  }

  /** Adds a local user, or replaces the keys of one. The first user added is the current one. */
  addIdentity(identity: LocalIdentity): void {
    const others = this.#identities.filter((each) => !sameEntity(each.id, identity.id));
    this.#identities = [...others, identity];
  }
}
