import type { Clock, Random, Store, StoreChange } from '@dimp/core';
import { encodeHex } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { decodeOutboxRecord, encodeOutboxRecord, type OutboxRecord } from './outbox-record.ts';

/** The bytes of a copy that are to be written together with its record. */
export interface CopyBytes {
  readonly index: number;
  readonly bytes: Uint8Array;
}

/** Outgoing messages in a store: a record for each, and the bytes of each packed copy beside it. */
export class OutboxStore {
  readonly #store: Store;
  readonly #readID: (text: unknown) => ID;
  readonly #clock: Clock;
  readonly #random: Random;
  #last = 0;

  constructor(store: Store, readID: (text: unknown) => ID, clock: Clock, random: Random) {
    this.#store = store;
    this.#readID = readID;
    this.#clock = clock;
    this.#random = random;
  }

  /** Names sort in the order in which they were made, even if the clock is set back. */
  nextID(): string {
    // Microseconds: a thousand names in a millisecond before they run ahead of the clock.
    this.#last = Math.max(this.#clock.now() * 1000, this.#last + 1);
    return `${Math.floor(this.#last).toString(36).padStart(11, '0')}-${encodeHex(this.#random.bytes(6))}`;
  }

  /**
   * All records, in the order in which they were sent.
   *
   * @param onDamaged - told of records that cannot be read; they stay where they are
   */
  async *list(onDamaged: (error: unknown) => void): AsyncGenerator<OutboxRecord> {
    for await (const [[, id], bytes] of this.#store.list(['outbox'])) {
      if (id === undefined) continue;
      this.#last = Math.max(this.#last, Number.parseInt(id, 36) || 0);
      let record: OutboxRecord;
      try {
        record = decodeOutboxRecord(id, bytes, this.#readID);
      } catch (error) {
        // One record that is damaged does not keep the others back.
        onDamaged(error);
        continue;
      }
      yield record;
    }
  }

  async get(id: string): Promise<OutboxRecord | undefined> {
    const bytes = await this.#store.get(['outbox', id]);
    return bytes === undefined ? undefined : decodeOutboxRecord(id, bytes, this.#readID);
  }

  /** Writes a record, and newly packed copies with it, at once or not at all. */
  async put(record: OutboxRecord, packed: readonly CopyBytes[] = []): Promise<void> {
    const changes: StoreChange[] = packed.map(({ index, bytes }) => ({
      type: 'set',
      key: copyKey(record.id, index),
      value: bytes,
    }));
    changes.push({ type: 'set', key: ['outbox', record.id], value: encodeOutboxRecord(record) });
    await this.#store.batch(changes);
  }

  /** The bytes of a packed copy; undefined if the message has settled meanwhile. */
  async bytes(id: string, index: number): Promise<Uint8Array | undefined> {
    return this.#store.get(copyKey(id, index));
  }

  /** Forgets a message and its copies. */
  async delete(record: OutboxRecord): Promise<void> {
    await this.#store.batch([
      { type: 'delete', key: ['outbox', record.id] },
      ...record.copies.map((_, index) => ({
        type: 'delete' as const,
        key: copyKey(record.id, index),
      })),
    ]);
  }
}

function copyKey(id: string, index: number): readonly string[] {
  return ['outbox-copy', id, String(index)];
}
