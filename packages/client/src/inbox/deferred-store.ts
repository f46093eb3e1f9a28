import type { Clock, StoreKey } from '@dimp/core';
import { corruptRecord, decodeRecordObject, encodeRecord } from '@dimp/endpoint';
import { definedOnly } from '@dimp/foundation';
import type { BatchedStore } from './batched-store.ts';

/** Limits on messages that wait. */
export interface DeferredLimits {
  /** Messages that wait for the same key. The oldest is dropped (spec §11.4). */
  readonly perKey: number;
  /** Messages in total. The oldest is dropped. */
  readonly total: number;
  /** Bytes in total. The oldest messages are dropped. */
  readonly bytes: number;
}

/** A message that waits, with its text as received. */
export interface StoredMessage {
  readonly key: string;
  readonly id: string;
  readonly text: string;
  /** The sender in its envelope. */
  readonly sender?: string;
  /** When it is due, in milliseconds since the epoch, if that is known. */
  readonly due?: number;
}

/** A message that waits, without its text. */
export interface StoredPlace extends Omit<StoredMessage, 'text'> {
  /** When it arrived, in milliseconds since the epoch. */
  readonly arrived: number;
}

interface Place extends StoredPlace {
  /** Length of its record in bytes. */
  readonly length: number;
}

/**
 * Incoming messages that cannot be processed yet, by the key they wait for. They are on disk, because they may have
 * been acknowledged. Their number is limited, because any peer can send messages that can never be opened.
 */
export class DeferredStore {
  readonly #store: BatchedStore;
  readonly #area: string;
  readonly #clock: Clock;
  readonly #limits: DeferredLimits;
  /** In order of arrival. */
  readonly #places = new Map<string, Place>();
  readonly #onDamaged: (error: unknown) => void;
  #bytes = 0;
  #last = 0;
  #loading: Promise<void> | undefined;

  /**
   * @param area - first part of the records' paths
   * @param onDamaged - called for records that cannot be read, which stay in the store
   */
  constructor(
    store: BatchedStore,
    area: string,
    clock: Clock,
    limits: DeferredLimits,
    onDamaged: (error: unknown) => void,
  ) {
    this.#store = store;
    this.#area = area;
    this.#clock = clock;
    this.#limits = limits;
    this.#onDamaged = onDamaged;
  }

  /**
   * Reads the records on disk. Called once by the other methods; call it again when another tab may have written
   * records.
   */
  load(): Promise<void> {
    const loading = this.#read();
    this.#loading = loading;
    loading.catch(() => {
      // The next attempt may succeed.
      if (this.#loading === loading) this.#loading = undefined;
    });
    return loading;
  }

  /** Changes could not be written: what waits is on disk only. */
  reset(): void {
    this.#loading = undefined;
  }

  /** Whether a message waits. */
  async has(id: string): Promise<boolean> {
    await this.#loaded();
    return this.#places.has(id);
  }

  /** The keys that messages wait for. */
  async keys(): Promise<readonly string[]> {
    await this.#loaded();
    return [...new Set([...this.#places.values()].map(({ key }) => key))];
  }

  /** The messages that wait, in order of arrival. */
  async places(): Promise<readonly StoredPlace[]> {
    await this.#loaded();
    return [...this.#places.values()];
  }

  /** When the first message that waits for a key arrived, in milliseconds since the epoch. */
  async firstArrival(key: string): Promise<number | undefined> {
    return (await this.places()).find((place) => place.key === key)?.arrived;
  }

  /**
   * Stores a message for later. A message that waits already keeps its time of arrival.
   *
   * @returns the new entry, unless the message waited for the same key already, and the entries evicted to make room
   */
  async add({ key, id, text, sender, due }: StoredMessage): Promise<{
    readonly added?: StoredPlace;
    readonly dropped: readonly StoredPlace[];
  }> {
    await this.#loaded();
    const before = this.#places.get(id);
    if (before?.key === key) return { dropped: [] };
    const arrived = before?.arrived ?? this.#nextTime();
    const more = {
      ...definedOnly({ sender, due }),
    };
    const value = encodeRecord({ arrived, ...more, text });
    this.#store.afterwards({ failed: () => this.reset() });
    await this.#store.batch([
      { type: 'set', key: this.#path(key, id), value },
      // One dependency has arrived, and another one is missing.
      ...(before === undefined
        ? []
        : [{ type: 'delete' as const, key: this.#path(before.key, id) }]),
    ]);
    const added = { key, id, arrived, ...more, length: value.length };
    this.#put(added);
    const dropped = [...this.#surplus(key)];
    for (const place of dropped) await this.remove(place);
    return { added, dropped };
  }

  /** Selects the entries to evict. */
  *#surplus(key: string): Generator<Place> {
    const { perKey, total, bytes } = this.#limits;
    const alike = [...this.#places.values()].filter((place) => place.key === key);
    let messages = this.#places.size;
    let left = this.#bytes;
    const first = alike.length > perKey ? alike[0] : undefined;
    for (const place of first === undefined ? this.#places.values() : [first]) {
      if (first === undefined && messages <= total && left <= bytes) return;
      messages -= 1;
      left -= place.length;
      yield place;
    }
  }

  /** The messages that wait for a key, in order of arrival. They stay until they are removed. */
  async of(key: string): Promise<readonly StoredMessage[]> {
    await this.#loaded();
    const found: StoredMessage[] = [];
    for (const { id } of [...this.#places.values()].filter((each) => each.key === key)) {
      const bytes = await this.#store.get(this.#path(key, id));
      const record = bytes === undefined ? undefined : this.#decode(bytes);
      if (record === undefined) this.#take(id);
      else found.push({ key, id, text: record.text });
    }
    return found;
  }

  /**
   * Removes messages that are too old to be processed.
   *
   * @param oldest - milliseconds since the epoch
   */
  async expire(oldest: number): Promise<void> {
    await this.#loaded();
    for (const place of [...this.#places.values()]) {
      if (place.arrived < oldest) await this.remove(place);
    }
  }

  async remove({ key, id }: Pick<StoredMessage, 'key' | 'id'>): Promise<void> {
    this.#take(id);
    this.#store.afterwards({ failed: () => this.reset() });
    await this.#store.delete(this.#path(key, id));
  }

  #put(place: Place): void {
    this.#bytes += place.length - (this.#places.get(place.id)?.length ?? 0);
    this.#places.set(place.id, place);
  }

  #take(id: string): void {
    this.#bytes -= this.#places.get(id)?.length ?? 0;
    this.#places.delete(id);
  }

  /** A damaged record must not keep the others back. */
  #decode(bytes: Uint8Array): ReturnType<typeof decode> | undefined {
    try {
      return decode(bytes);
    } catch (error) {
      this.#onDamaged(error);
      return undefined;
    }
  }

  /**
   * Returns the time, increased a little for each message within a millisecond, so that their order survives a restart.
   */
  #nextTime(): number {
    this.#last = Math.max(this.#clock.now(), this.#last + 1 / 1024);
    return this.#last;
  }

  #path(key: string, id: string): StoreKey {
    return [this.#area, key, id];
  }

  #loaded(): Promise<void> {
    return this.#loading ?? this.load();
  }

  async #read(): Promise<void> {
    const places: Place[] = [];
    for await (const [[, key, id], bytes] of this.#store.list([this.#area])) {
      if (key === undefined || id === undefined) continue;
      const record = this.#decode(bytes);
      if (record === undefined) continue;
      const { text: _, ...rest } = record;
      places.push({ key, id, ...rest, length: bytes.length });
    }
    places.sort((a, b) => a.arrived - b.arrived);
    this.#places.clear();
    this.#bytes = 0;
    for (const place of places) this.#put(place);
    this.#last = places.at(-1)?.arrived ?? 0;
  }
}

function decode(
  bytes: Uint8Array,
): Pick<Place, 'arrived' | 'sender' | 'due'> & { readonly text: string } {
  const { arrived, text, sender, due } = decodeRecordObject(bytes, 'waiting message');
  if (typeof arrived !== 'number' || typeof text !== 'string') {
    throw corruptRecord('waiting message');
  }
  return {
    arrived,
    text,
    ...(typeof sender === 'string' ? { sender } : {}),
    ...(typeof due === 'number' ? { due } : {}),
  };
}
