/**
 * Bytes by text, in the order of the texts. Adding and removing cost the same for any size; what was added since is put
 * in order when somebody looks.
 */
export class SortedPaths {
  /** Undefined stands for a path that was removed but still is in the order. */
  readonly #values = new Map<string, Uint8Array | undefined>();
  #added: string[] = [];
  #order: string[] = [];
  #removed = 0;
  /** Changes when places in the order do. */
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

  /** Entries whose path begins with a text and is longer, in order; entries may come and go meanwhile. */
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

  /** Brings everything into the order. */
  #arrange(): void {
    if (this.#added.length === 0) return;
    if (this.#added.length > FEW) {
      // Two runs in order: sorting merges them.
      this.#order = this.#order.concat(this.#added.sort()).sort();
    } else {
      for (const path of this.#added) this.#order.splice(this.#after(path), 0, path);
    }
    this.#added = [];
    this.#version += 1;
  }

  /** Once for many, so that each removal costs little. */
  #forgetRemoved(): void {
    for (const [path, value] of this.#values) if (value === undefined) this.#values.delete(path);
    const left = (path: string): boolean => this.#values.has(path);
    this.#order = this.#order.filter(left);
    this.#added = this.#added.filter(left);
    this.#removed = 0;
    this.#version += 1;
  }

  /** Place of the first path that comes after a text. */
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

/** As many are put into their places one by one. */
const FEW = 32;
