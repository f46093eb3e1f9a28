import type { Reduction } from '@dimp/foundation';

interface Entry<V> {
  readonly value: V;
  readonly weight: number;
}

/**
 * A cache that drops the entries not used recently when all entries together exceed a weight. It has two generations,
 * as `LruMap` of `@dimp/foundation`.
 */
export class WeightedCache<K, V> {
  readonly #capacity: number;
  #young = new Map<K, Entry<V>>();
  #old = new Map<K, Entry<V>>();
  #youngWeight = 0;
  #oldWeight = 0;

  /** @param capacity - maximum weight of all entries */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Weight of all entries. */
  get weight(): number {
    return this.#youngWeight + this.#oldWeight;
  }

  get(key: K): V | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young.value;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old.value, old.weight);
    return old?.value;
  }

  /** @param weight - of the value; a value with more than half of the capacity is not cached */
  set(key: K, value: V, weight: number): void {
    this.delete(key);
    const half = this.#capacity / 2;
    if (weight > half) return;
    if (this.#youngWeight + weight > half) this.#age();
    this.#young.set(key, { value, weight });
    this.#youngWeight += weight;
  }

  delete(key: K): void {
    const young = this.#young.get(key);
    if (young !== undefined) this.#youngWeight -= young.weight;
    else this.#oldWeight -= this.#old.get(key)?.weight ?? 0;
    if (!this.#young.delete(key)) this.#old.delete(key);
  }

  /** Drops a part of the entries, half by default. */
  reduce(part: Reduction = 'half'): void {
    if (part === 'unused') {
      this.#age();
      return;
    }
    const aim = this.weight / 2;
    for (const entries of [this.#old, this.#young]) {
      for (const key of entries.keys()) {
        if (this.weight <= aim) return;
        this.delete(key);
      }
    }
  }

  #age(): void {
    this.#old = this.#young;
    this.#oldWeight = this.#youngWeight;
    this.#young = new Map();
    this.#youngWeight = 0;
  }
}
