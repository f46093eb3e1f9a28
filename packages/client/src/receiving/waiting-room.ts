import type { Clock, Store, StoreKey } from '@dimp/core';
import { corruptRecord, decodeRecordObject, encodeRecord } from '../record.ts';

/** How much may wait. */
export interface WaitingRoomLimits {
  /** Messages that wait for the same thing; the oldest is dropped (spec §11.4). */
  readonly perKey: number;
  /** Messages in all; the oldest is dropped. */
  readonly total: number;
}

/** A message that waits: its name and its text as received. */
export interface WaitingMessage {
  readonly key: string;
  readonly id: string;
  readonly text: string;
}

interface Place {
  readonly key: string;
  readonly id: string;
  readonly arrived: number;
}

/**
 * Incoming messages that cannot be opened yet, by what they wait for. They are kept in the store, because the transport
 * has been told that they arrived; and bounded, because anybody can send what can never be opened.
 */
export class WaitingRoom {
  readonly #store: Store;
  readonly #area: string;
  readonly #clock: Clock;
  readonly #limits: WaitingRoomLimits;
  /** In order of arrival. */
  readonly #places = new Map<string, Place>();
  #last = 0;
  #loading: Promise<void> | undefined;

  /** @param area - first part of the records' paths */
  constructor(store: Store, area: string, clock: Clock, limits: WaitingRoomLimits) {
    this.#store = store;
    this.#area = area;
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Whether a message waits here. */
  async has(id: string): Promise<boolean> {
    await this.#load();
    return this.#places.has(id);
  }

  /** What messages wait for. */
  async keys(): Promise<readonly string[]> {
    await this.#load();
    return [...new Set([...this.#places.values()].map(({ key }) => key))];
  }

  /**
   * Lets a message wait.
   *
   * @returns false if somebody had to go for it
   */
  async add({ key, id, text }: WaitingMessage): Promise<boolean> {
    await this.#load();
    const before = this.#places.get(id);
    if (before?.key === key) return true;
    const arrived = before?.arrived ?? this.#nextTime();
    await this.#store.batch([
      { type: 'set', key: this.#path(key, id), value: encodeRecord({ arrived, text }) },
      // One thing has arrived, and another one is missing.
      ...(before === undefined
        ? []
        : [{ type: 'delete' as const, key: this.#path(before.key, id) }]),
    ]);
    this.#places.set(id, { key, id, arrived });
    const alike = [...this.#places.values()].filter((place) => place.key === key);
    const tooMany = alike.length > this.#limits.perKey ? alike[0] : undefined;
    const [oldest] = this.#places.values();
    const dropped = tooMany ?? (this.#places.size > this.#limits.total ? oldest : undefined);
    if (dropped === undefined) return true;
    await this.remove(dropped);
    return false;
  }

  /** What waits for one thing, in order of arrival. It stays until it is removed. */
  async of(key: string): Promise<readonly WaitingMessage[]> {
    await this.#load();
    const found: WaitingMessage[] = [];
    for (const place of [...this.#places.values()].filter((each) => each.key === key)) {
      const bytes = await this.#store.get(this.#path(key, place.id));
      if (bytes === undefined) this.#places.delete(place.id);
      else found.push({ key, id: place.id, text: decode(bytes).text });
    }
    return found;
  }

  /**
   * Forgets what came too long ago to be taken in.
   *
   * @param oldest - milliseconds since the epoch
   */
  async expire(oldest: number): Promise<void> {
    await this.#load();
    for (const place of [...this.#places.values()]) {
      if (place.arrived < oldest) await this.remove(place);
    }
  }

  async remove({ key, id }: Pick<WaitingMessage, 'key' | 'id'>): Promise<void> {
    this.#places.delete(id);
    await this.#store.delete(this.#path(key, id));
  }

  /** The time, and a little more for each of those that come in one millisecond: it tells their order after a restart. */
  #nextTime(): number {
    this.#last = Math.max(this.#clock.now(), this.#last + 1 / 1024);
    return this.#last;
  }

  #path(key: string, id: string): StoreKey {
    return [this.#area, key, id];
  }

  #load(): Promise<void> {
    this.#loading ??= this.#read();
    return this.#loading;
  }

  async #read(): Promise<void> {
    const places: Place[] = [];
    for await (const [[, key, id], bytes] of this.#store.list([this.#area])) {
      if (key === undefined || id === undefined) continue;
      places.push({ key, id, arrived: decode(bytes).arrived });
    }
    places.sort((a, b) => a.arrived - b.arrived);
    for (const place of places) this.#places.set(place.id, place);
    this.#last = places.at(-1)?.arrived ?? 0;
  }
}

function decode(bytes: Uint8Array): { readonly arrived: number; readonly text: string } {
  const { arrived, text } = decodeRecordObject(bytes, 'waiting message');
  if (typeof arrived !== 'number' || typeof text !== 'string') {
    throw corruptRecord('waiting message');
  }
  return { arrived, text };
}
