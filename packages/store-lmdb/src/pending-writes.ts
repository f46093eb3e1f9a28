import type { Database } from 'lmdb';

/** Entry to write; without a value it is deleted. */
export interface Write {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}

/** Writes of a change, and its result. */
export interface Plan<T> {
  readonly writes: readonly Write[];
  readonly result: T;
}

/**
 * Plans the writes of a change.
 *
 * @param read - reads an entry as all earlier changes leave it
 */
export type Planner<T> = (read: (key: Uint8Array) => Uint8Array | undefined) => Plan<T>;

/** Writes of one commit. */
export class PendingWrites {
  readonly writes: Write[] = [];
  readonly #records: Database<Uint8Array, Uint8Array>;
  /** Values by key, of the first {@link PendingWrites.#indexed} writes. */
  readonly #values = new Map<string, Uint8Array | undefined>();
  #indexed = 0;

  constructor(records: Database<Uint8Array, Uint8Array>) {
    this.#records = records;
    // Otherwise a read might return the state before the last commit.
    records.resetReadTxn();
  }

  add<T>(plan: Planner<T>): Plan<T> {
    const made = plan((key) => this.#read(key));
    for (const write of made.writes) this.writes.push(write);
    return made;
  }

  #read(key: Uint8Array): Uint8Array | undefined {
    for (; this.#indexed < this.writes.length; this.#indexed++) {
      const { key: written, value } = this.writes[this.#indexed] as Write;
      this.#values.set(textOf(written), value);
    }
    const text = textOf(key);
    if (this.#values.has(text)) return this.#values.get(text);
    const found = this.#records.getBinary(key);
    // The binding reuses its memory.
    return found === undefined ? undefined : new Uint8Array(found);
  }
}

/** A distinct text for each key. */
function textOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1');
}
