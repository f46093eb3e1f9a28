/**
 * What caches are told to forget: about half, for the host's memory pressure signal; or what was not used since they were
 * told so last, now and then.
 */
export type Reduction = 'half' | 'unused';

/**
 * A map that forgets what was not used for long: caches keyed by peers must not grow without bound (§14.4 #40). The last
 * half of its capacity is remembered for sure; what was used before them may be.
 *
 * Entries are of two generations. Looking for one of the younger changes nothing, which most often is all there is to do:
 * an order of all entries would have to be changed each time.
 */
export class LruMap<K, V> {
  readonly #capacity: number;
  readonly #half: number;
  #young = new Map<K, V>();
  /** Made when first needed: many of these hold little. */
  #old: Map<K, V> | undefined;

  /** @param capacity - most entries kept, at least 1 */
  constructor(capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1) throw new RangeError('capacity must be ≥ 1');
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
    // Either has it, never both.
    return this.#young.delete(key) || (this.#old?.delete(key) ?? false);
  }

  clear(): void {
    this.#young.clear();
    this.#old = undefined;
  }

  /** From those that were not used for long to those that were, about. */
  *entries(): IterableIterator<[K, V]> {
    if (this.#old !== undefined) yield* this.#old;
    yield* this.#young;
  }

  /**
   * Forgets a part of the entries.
   *
   * @returns how many entries are left
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

/** @returns how many were dropped */
function dropFirst<K>(entries: Map<K, unknown>, count: number): number {
  const before = entries.size;
  for (const key of entries.keys()) {
    if (before - entries.size >= count) break;
    entries.delete(key);
  }
  return before - entries.size;
}
