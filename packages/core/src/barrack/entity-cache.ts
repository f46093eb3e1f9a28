import { LruMap, type Reduction } from '@dimp/foundation';
import type { Document, EntityKey, Group, ID, Meta, User } from '@dimp/mkm';
import type { ReceiverKey } from './receiver-keys.ts';

/** Keeps a value in one of the maps of an {@link EntityCache}. */
export type Keep = <V>(map: LruMap<EntityKey, V>, entity: EntityKey, value: V) => void;

/** Caches of a barrack: verified values of its archive, and the user and group objects. */
export class EntityCache {
  readonly metas: LruMap<EntityKey, Meta>;
  readonly documents: LruMap<EntityKey, readonly Document[]>;
  readonly encryptKeys: LruMap<EntityKey, readonly ReceiverKey[]>;
  readonly users: LruMap<EntityKey, User>;
  readonly groups: LruMap<EntityKey, Group>;
  /** Counts invalidations: a value whose reading began before one may be stale. */
  #generation = 0;

  /** @param capacity - largest number of entries of each map */
  constructor(capacity: number) {
    this.metas = new LruMap(capacity);
    this.documents = new LruMap(capacity);
    this.encryptKeys = new LruMap(capacity);
    this.users = new LruMap(capacity);
    this.groups = new LruMap(capacity);
  }

  /** Call it before reading a value from the archive. The result caches the value unless something was dropped since. */
  begin(): Keep {
    const began = this.#generation;
    return (map, entity, value) => {
      if (this.#generation === began) map.set(entity, value);
    };
  }

  /** Returns the object of an entity, created on first use. */
  object<T extends User | Group>(map: LruMap<EntityKey, T>, id: ID, make: () => T): T {
    const known = map.get(id.entity);
    if (known !== undefined) return known;
    const made = make();
    map.set(id.entity, made);
    return made;
  }

  forgetDocuments(entity: EntityKey): void {
    this.#generation += 1;
    this.documents.delete(entity);
    this.encryptKeys.delete(entity);
  }

  forget(entity: EntityKey): void {
    this.metas.delete(entity);
    this.forgetDocuments(entity);
  }

  /** Drops all values. The user and group objects hold no values and stay. */
  forgetAll(): void {
    this.#generation += 1;
    for (const map of [this.metas, this.documents, this.encryptKeys]) map.clear();
  }

  reduce(part?: Reduction): void {
    for (const map of [this.metas, this.documents, this.encryptKeys]) map.reduce(part);
    for (const map of [this.users, this.groups]) map.reduce(part);
  }
}
