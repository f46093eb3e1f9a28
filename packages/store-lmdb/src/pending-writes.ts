import type { Database } from 'lmdb';

/** An entry that is written; without a value it goes. */
export interface Write {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}

/** What a change writes, and what it answers when that is done. */
export interface Plan<T> {
  readonly writes: readonly Write[];
  readonly result: T;
}

/**
 * Says what a change writes.
 *
 * @param read - finds an entry as all changes before leave it
 */
export type Planner<T> = (read: (key: Uint8Array) => Uint8Array | undefined) => Plan<T>;

/** What one commit writes. */
export class PendingWrites {
  readonly writes: Write[] = [];
  readonly #records: Database<Uint8Array, Uint8Array>;
  /** Values by key, of as many writes as somebody has asked for so far. */
  readonly #values = new Map<string, Uint8Array | undefined>();
  #indexed = 0;

  constructor(records: Database<Uint8Array, Uint8Array>) {
    this.#records = records;
    // Else a read might show the state before the last commit.
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
    // The binding's own memory is used again.
    return found === undefined ? undefined : new Uint8Array(found);
  }
}

/** A text for each key. */
function textOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1');
}
