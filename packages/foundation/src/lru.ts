/** A map that forgets what was used longest ago: caches keyed by peers must not grow without bound (§14.4 #40). */
export class LruMap<K, V> {
  readonly #entries = new Map<K, V>();
  readonly #capacity: number;

  /** @param capacity - most entries kept, at least 1 */
  constructor(capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1) throw new RangeError('capacity must be ≥ 1');
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: K): V | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, value);
    }
    return value;
  }

  set(key: K, value: V): this {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size > this.#capacity) {
      const oldest = this.#entries.keys().next();
      if (!oldest.done) this.#entries.delete(oldest.value);
    }
    return this;
  }

  delete(key: K): boolean {
    return this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }

  entries(): IterableIterator<[K, V]> {
    return this.#entries.entries();
  }

  /**
   * Forgets the older half of the entries, for the host's memory pressure signal.
   *
   * @returns how many entries are left
   */
  reduce(): number {
    let drop = Math.floor(this.#entries.size / 2);
    for (const key of this.#entries.keys()) {
      if (drop <= 0) break;
      this.#entries.delete(key);
      drop -= 1;
    }
    return this.#entries.size;
  }
}
