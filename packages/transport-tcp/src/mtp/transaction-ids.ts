import { randomBytes } from '@dimp/foundation';
import { hasTransactionId, ID_BYTES } from './frame.ts';

/**
 * Generates the transaction ids of one connection: a random start, then increments (spec §12.2), so that no two
 * unanswered packages share an id. All zero, which means none, is skipped.
 */
export class TransactionIds {
  readonly #next: Uint8Array;

  /** @param start - first id, 8 bytes; random unless given */
  constructor(start: Uint8Array = randomBytes(ID_BYTES)) {
    if (start.length !== ID_BYTES) throw new RangeError('a transaction id must have 8 bytes');
    this.#next = new Uint8Array(start);
  }

  /** The next id, 8 bytes. */
  next(): Uint8Array {
    if (!hasTransactionId({ id: this.#next })) this.#increment();
    const id = this.#next.slice();
    this.#increment();
    return id;
  }

  #increment(): void {
    for (let i = ID_BYTES - 1; i >= 0; i--) {
      const byte = ((this.#next[i] ?? 0) + 1) & 0xff;
      this.#next[i] = byte;
      if (byte !== 0) return;
    }
  }
}
