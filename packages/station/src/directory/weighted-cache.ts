/** A map that forgets what was used longest ago when what it holds together weighs too much. */
export class WeightedCache<K, V> {
  readonly #entries = new Map<K, { readonly value: V; readonly weight: number }>();
  readonly #capacity: number;
  #weight = 0;

  /** @param capacity - most that all entries weigh together */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** How much all entries weigh together. */
  get weight(): number {
    return this.#weight;
  }

  get(key: K): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** @param weight - what the value weighs; one that weighs more than all may is not kept */
  set(key: K, value: V, weight: number): void {
    this.delete(key);
    if (weight > this.#capacity) return;
    this.#entries.set(key, { value, weight });
    this.#weight += weight;
    for (const oldest of this.#entries.keys()) {
      if (this.#weight <= this.#capacity) break;
      this.delete(oldest);
    }
  }

  delete(key: K): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#weight -= entry.weight;
  }

  /** Forgets about half, for the host's memory pressure signal. */
  reduce(): void {
    const aim = this.#weight / 2;
    for (const oldest of this.#entries.keys()) {
      if (this.#weight <= aim) break;
      this.delete(oldest);
    }
  }
}
