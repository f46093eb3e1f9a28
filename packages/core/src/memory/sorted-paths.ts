/**
 * Map from paths to bytes, sorted by path. Adding and removing take constant time; new paths are sorted on the next read.
 */
export class SortedPaths {
  /** Undefined marks a removed path that is still in the order. */
  readonly #values = new Map<string, Uint8Array | undefined>();
  #added: string[] = [];
  #order: string[] = [];
  #removed = 0;
  /** Changes whenever positions in the order change. */
  #version = 0;

  get(path: string): Uint8Array | undefined {
    return this.#values.get(path);
  }

  set(path: string, value: Uint8Array): void {
    if (!this.#values.has(path)) this.#added.push(path);
    else if (this.#values.get(path) === undefined) this.#removed -= 1;
    this.#values.set(path, value);
  }

  delete(path: string): void {
    if (this.#values.get(path) === undefined) return;
    this.#values.set(path, undefined);
    this.#removed += 1;
    if (this.#removed > this.#values.size / 2) this.#forgetRemoved();
  }

  /** Yields the entries whose path begins with a text and is longer, in order. Changes during the iteration are allowed. */
  *under(start: string): Generator<readonly [path: string, value: Uint8Array]> {
    this.#arrange();
    let version = this.#version;
    let at = this.#after(start);
    for (;;) {
      const path = this.#order[at];
      if (path === undefined || !path.startsWith(start)) return;
      const value = this.#values.get(path);
      if (value !== undefined) yield [path, value];
      this.#arrange();
      at = version === this.#version ? at + 1 : this.#after(path);
      version = this.#version;
    }
  }

  /** Sorts new paths into the order. */
  #arrange(): void {
    if (this.#added.length === 0) return;
    if (this.#added.length > FEW) {
      // Two sorted runs, which the sort merges.
      this.#order = this.#order.concat(this.#added.sort()).sort();
    } else {
      for (const path of this.#added) this.#order.splice(this.#after(path), 0, path);
    }
    this.#added = [];
    this.#version += 1;
  }

  /** Removes many at once, so that a single removal is cheap. */
  #forgetRemoved(): void {
    for (const [path, value] of this.#values) if (value === undefined) this.#values.delete(path);
    const left = (path: string): boolean => this.#values.has(path);
    this.#order = this.#order.filter(left);
    this.#added = this.#added.filter(left);
    this.#removed = 0;
    this.#version += 1;
  }

  /** Returns the position of the first path after a text. */
  #after(text: string): number {
    let low = 0;
    let high = this.#order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#order[middle] as string) <= text) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Up to this many new paths are inserted one by one. */
const FEW = 32;
