/**
 * How much a cache drops: `half` drops about half of its entries (for a host under memory pressure); `unused` drops the
 * entries not used since the previous `unused` (for periodic clean-up).
 */
export type Reduction = 'half' | 'unused';

/**
 * A two-generation cache with the interface of a map: an approximation of least recently used, so that a cache keyed by
 * peers stays bounded (§14.4 #40).
 *
 * New entries go into the young generation. When it holds half of the capacity, it becomes the old generation and the
 * previous old one is dropped. A read from the old generation moves the entry back to the young one. The most recently
 * used half of the capacity is therefore always kept; older entries may be. A hit in the young generation changes
 * nothing, which makes reads cheaper than in a strict LRU.
 */
export class LruMap<K, V> {
  readonly #capacity: number;
  readonly #half: number;
  #young = new Map<K, V>();
  /** Created on first use: most caches stay small. */
  #old: Map<K, V> | undefined;

  /** @param capacity - largest number of entries, at least 1 */
  constructor(capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1)
      throw new RangeError('capacity must be an integer of at least 1');
    this.#capacity = capacity;
    this.#half = Math.ceil(capacity / 2);
  }

  get size(): number {
    return this.#young.size + (this.#old?.size ?? 0);
  }

  get(key: K): V | undefined {
    const young = this.#young.get(key);
    if (young !== undefined || this.#old === undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: K, value: V): this {
    this.#old?.delete(key);
    if (this.#young.size >= this.#half && !this.#young.has(key)) this.#age();
    this.#young.set(key, value);
    if (this.#old !== undefined && this.size > this.#capacity) dropFirst(this.#old, 1);
    return this;
  }

  delete(key: K): boolean {
    // An entry is in one generation only.
    return this.#young.delete(key) || (this.#old?.delete(key) ?? false);
  }

  clear(): void {
    this.#young.clear();
    this.#old = undefined;
  }

  /** Yields the entries, roughly from least to most recently used. */
  *entries(): IterableIterator<[K, V]> {
    if (this.#old !== undefined) yield* this.#old;
    yield* this.#young;
  }

  /**
   * Drops some of the entries.
   *
   * @returns the number of entries left
   */
  reduce(part: Reduction = 'half'): number {
    if (part === 'unused') this.#age();
    else {
      const drop = Math.floor(this.size / 2);
      const dropped = this.#old === undefined ? 0 : dropFirst(this.#old, drop);
      dropFirst(this.#young, drop - dropped);
    }
    return this.size;
  }

  #age(): void {
    this.#old = this.#young.size > 0 ? this.#young : undefined;
    this.#young = new Map();
  }
}

/** @returns the number of entries dropped */
function dropFirst<K>(entries: Map<K, unknown>, count: number): number {
  const before = entries.size;
  for (const key of entries.keys()) {
    if (before - entries.size >= count) break;
    entries.delete(key);
  }
  return before - entries.size;
}
