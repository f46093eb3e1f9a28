import type { Store, StoreChange, StoreKey } from '@dimp/core';
import { ByteReader, ByteWriter, corruptIndex } from './bytes.ts';

/** Messages of a block of places. */
const PLACES = 256;
/** Messages of a block of deletion marks. */
const MARKS = 4096;

/** @param from - number of the first message, the first of a block */
export function writePlaces(from: number, places: readonly string[]): readonly StoreChange[] {
  const changes: StoreChange[] = [];
  for (let start = 0; start < places.length; start += PLACES) {
    const writer = new ByteWriter();
    let before = '';
    for (const place of places.slice(start, start + PLACES)) {
      const shared = sharedAscii(before, place);
      writer.varint(shared).text(place.slice(shared));
      before = place;
    }
    changes.push({ type: 'set', key: placesKey(from + start), value: writer.finish() });
  }
  return changes;
}

/**
 * Places of the messages in the block of a number, in the order of their numbers.
 *
 * @throws `store/corrupt`
 */
export async function readPlaces(store: Store, number: number): Promise<readonly string[]> {
  const bytes = await store.get(placesKey(number));
  if (bytes === undefined) throw corruptIndex();
  const reader = new ByteReader(bytes);
  const places: string[] = [];
  let before = '';
  while (!reader.done) {
    const shared = reader.varint();
    if (shared > before.length) throw corruptIndex();
    before = before.slice(0, shared) + reader.text();
    places.push(before);
  }
  return places;
}

/** Where a number is in its block of places. */
export function indexInPlaces(number: number): number {
  return number % PLACES;
}

/** Which messages of the index are deleted: one bit each. */
export class DeletionMarks {
  readonly #store: Store;
  readonly #blocks = new Map<number, Uint8Array>();

  private constructor(store: Store) {
    this.#store = store;
  }

  static async load(store: Store): Promise<DeletionMarks> {
    const marks = new DeletionMarks(store);
    for await (const [[, block], value] of store.list(['x'])) {
      if (value.length !== MARKS / 8) throw corruptIndex();
      marks.#blocks.set(Number(block), value);
    }
    return marks;
  }

  has(number: number): boolean {
    const byte = this.#blocks.get(Math.floor(number / MARKS))?.[(number % MARKS) >> 3] ?? 0;
    return (byte & (1 << (number & 7))) !== 0;
  }

  /** Marks a message and stores the block of its mark. */
  async add(number: number): Promise<void> {
    const block = Math.floor(number / MARKS);
    const bytes = this.#blocks.get(block) ?? new Uint8Array(MARKS / 8);
    const at = (number % MARKS) >> 3;
    bytes[at] = (bytes[at] as number) | (1 << (number & 7));
    this.#blocks.set(block, bytes);
    await this.#store.set(['x', String(block)], bytes);
  }
}

function placesKey(number: number): StoreKey {
  return ['n', String(Math.floor(number / PLACES))];
}

/** Shared ASCII characters: cutting there never breaks a character of UTF-8. */
function sharedAscii(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length] && a.charCodeAt(length) < 0x80) length += 1;
  return length;
}
