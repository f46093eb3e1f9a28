import type { Store, StoreChange } from '@dimp/core';
import { decodeRecordObject, encodeRecord } from '@dimp/endpoint';
import { LruMap } from '@dimp/foundation';
import type { EntityKey } from '@dimp/mkm';

/** An identity in the directory. */
export interface KnownIdentity {
  readonly entity: EntityKey;
  /** Digest of the address or neighbour that it came from. */
  readonly origin: string;
  /** Last use in milliseconds since the epoch; undefined if it has never logged in. */
  readonly used: number | undefined;
}

interface Entry {
  readonly origin: string;
  readonly place: string;
}

const AREA = 'known';
const OF = 'known-of';
const MARK: Uint8Array = /* @__PURE__ */ Uint8Array.of(1);
const NEVER = '0';
const USED = '1';
const TIME_DIGITS = 15;
/** Origin of identities that were known before origins were stored; parts of paths cannot be empty. */
export const NO_ORIGIN = '-';
const CACHED = 16_384;

/**
 * The identities in the directory, by origin: `['known', origin, place, entity]`. Places are in the order of eviction:
 * first those that have never logged in, oldest first, then the others by their last use. Changes must not overlap.
 */
export class KnownIdentities {
  readonly #store: Store;
  readonly #counts = new Map<string, number>();
  readonly #entries = new LruMap<EntityKey, Entry>(CACHED);
  #size = 0;

  /** @param store - the sub-store for the records of the station */
  constructor(store: Store) {
    this.#store = store;
  }

  /** Number of identities. */
  get size(): number {
    return this.#size;
  }

  /** Number of identities of each origin. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /**
   * Counts the stored identities.
   *
   * @throws `store/` codes
   */
  async load(): Promise<void> {
    this.#counts.clear();
    this.#size = 0;
    for await (const [key] of this.#store.list([AREA])) this.#count(key[1] ?? NO_ORIGIN, 1);
  }

  /** @throws `store/` codes */
  async has(entity: EntityKey): Promise<boolean> {
    return (await this.#entry(entity)) !== undefined;
  }

  /**
   * Adds an identity.
   *
   * @param now - milliseconds since the epoch
   * @returns false if it was known
   * @throws `store/` codes
   */
  async add(entity: EntityKey, origin: string, now: number): Promise<boolean> {
    if (await this.has(entity)) return false;
    await this.#move(entity, undefined, { origin, place: placeOf(NEVER, now) });
    this.#count(origin, 1);
    return true;
  }

  /**
   * Records the use of an identity.
   *
   * @param now - milliseconds since the epoch
   * @throws `store/` codes
   */
  async use(entity: EntityKey, now: number): Promise<void> {
    const entry = await this.#entry(entity);
    if (entry === undefined) return;
    await this.#move(entity, entry, { origin: entry.origin, place: placeOf(USED, now) });
  }

  /** @throws `store/` codes */
  async remove(entity: EntityKey): Promise<void> {
    const entry = await this.#entry(entity);
    if (entry === undefined) return;
    await this.#move(entity, entry, undefined);
    this.#count(entry.origin, -1);
  }

  /**
   * The identities of one origin, in the order of eviction.
   *
   * @throws `store/` codes
   */
  async *from(origin: string): AsyncGenerator<KnownIdentity> {
    for await (const [key] of this.#store.list([AREA, origin])) {
      const [, , place = '', entity = ''] = key;
      const used = place.startsWith(USED) ? Number(place.slice(1)) : undefined;
      yield { entity: entity as EntityKey, origin, used };
    }
  }

  /**
   * All identities.
   *
   * @throws `store/` codes
   */
  async *all(): AsyncGenerator<EntityKey> {
    for await (const [key] of this.#store.list([OF])) yield (key[1] ?? '') as EntityKey;
  }

  async #entry(entity: EntityKey): Promise<Entry | undefined> {
    const known = this.#entries.get(entity);
    if (known !== undefined) return known;
    const bytes = await this.#store.get([OF, entity]);
    if (bytes === undefined) return undefined;
    const { origin, place } = decodeRecordObject(bytes, OF);
    const entry = { origin: String(origin), place: String(place) };
    this.#entries.set(entity, entry);
    return entry;
  }

  async #move(entity: EntityKey, from: Entry | undefined, to: Entry | undefined): Promise<void> {
    const changes: StoreChange[] = [];
    if (from !== undefined) {
      changes.push({ type: 'delete', key: [AREA, from.origin, from.place, entity] });
    }
    if (to === undefined) changes.push({ type: 'delete', key: [OF, entity] });
    else {
      changes.push({ type: 'set', key: [AREA, to.origin, to.place, entity], value: MARK });
      changes.push({ type: 'set', key: [OF, entity], value: encodeRecord({ ...to }) });
    }
    await this.#store.batch(changes);
    if (to === undefined) this.#entries.delete(entity);
    else this.#entries.set(entity, to);
  }

  #count(origin: string, change: number): void {
    this.#size += change;
    const left = (this.#counts.get(origin) ?? 0) + change;
    if (left > 0) this.#counts.set(origin, left);
    else this.#counts.delete(origin);
  }
}

function placeOf(kind: string, time: number): string {
  return kind + String(Math.max(0, Math.floor(time))).padStart(TIME_DIGITS, '0');
}
