import { randomBytes } from '@dimp/foundation';
import { ID_BYTES } from './frame.ts';

/**
 * Makes the transaction ids of one connection: a random start, then incremented (spec §12.2), so that no two
 * unanswered packages share one. All zero, which means none, is left out.
 */
export class TransactionIds {
  readonly #next: DataView;

  /** @param start - first id, 8 bytes; random unless given */
  constructor(start: Uint8Array = randomBytes(ID_BYTES)) {
    if (start.length !== ID_BYTES) throw new RangeError('a transaction id has 8 bytes');
    this.#next = new DataView(new Uint8Array(start).buffer);
  }

  /** The next id, 8 bytes. */
  next(): Uint8Array {
    if (this.#next.getBigUint64(0) === 0n) this.#increment();
    const id = new Uint8Array(this.#next.buffer.slice(0));
    this.#increment();
    return id;
  }

  #increment(): void {
    this.#next.setBigUint64(0, this.#next.getBigUint64(0) + 1n);
  }
}
