import type { Store, StoreChange } from '@dimp/core';
import { ByteReader, ByteWriter, corruptIndex } from './bytes.ts';

/** Documents of a block of marks. */
const MARKS = 4096;
/** Area of the marks in an index. */
const AREA = 'x';

/** The marks of one block. */
interface Block {
  readonly bits: Uint8Array;
  /** When the first message that must leave no words was deleted, in milliseconds since the epoch; 0 if there is none. */
  since: number;
}

/** Which documents of segments are deleted: one bit each. */
export class DeletionMarks {
  readonly #segments = new Map<string, Map<number, Block>>();

  /** @throws `store/corrupt` */
  static async load(store: Pick<Store, 'list'>): Promise<DeletionMarks> {
    const marks = new DeletionMarks();
    for await (const [[, segment = '', block], value] of store.list([AREA])) {
      const reader = new ByteReader(value);
      const since = reader.varint();
      const bits = reader.bytes(MARKS / 8).slice();
      if (!reader.done) throw corruptIndex();
      marks.#blocksOf(segment).set(Number(block), { bits, since });
    }
    return marks;
  }

  has(segment: string, number: number): boolean {
    const block = this.#segments.get(segment)?.get(Math.floor(number / MARKS));
    return ((block?.bits[(number % MARKS) >> 3] ?? 0) & (1 << (number & 7))) !== 0;
  }

  /** How many documents of a segment are deleted. */
  count(segment: string): number {
    let count = 0;
    for (const { bits } of this.#segments.get(segment)?.values() ?? []) {
      for (const byte of bits) for (let rest = byte; rest > 0; rest &= rest - 1) count += 1;
    }
    return count;
  }

  /** When the first message that must leave no words was deleted; undefined if there is none. */
  since(segment: string): number | undefined {
    const times = [...(this.#segments.get(segment)?.values() ?? [])].map(({ since }) => since);
    return times.filter((time) => time > 0).sort((a, b) => a - b)[0];
  }

  /**
   * Marks a document.
   *
   * @param now - if its words must go, the time in milliseconds since the epoch
   * @returns the change to write
   */
  add(segment: string, number: number, now?: number): StoreChange {
    const blocks = this.#blocksOf(segment);
    const name = Math.floor(number / MARKS);
    const block = blocks.get(name) ?? { bits: new Uint8Array(MARKS / 8), since: 0 };
    blocks.set(name, block);
    const at = (number % MARKS) >> 3;
    block.bits[at] = (block.bits[at] as number) | (1 << (number & 7));
    if (block.since === 0 && now !== undefined) block.since = now;
    const value = new ByteWriter().varint(block.since).bytes(block.bits).finish();
    return { type: 'set', key: [AREA, segment, String(name)], value };
  }

  /** Forgets the marks of a segment. @returns the changes to write */
  drop(segment: string): readonly StoreChange[] {
    const blocks = [...(this.#segments.get(segment)?.keys() ?? [])];
    this.#segments.delete(segment);
    return blocks.map((block) => ({ type: 'delete', key: [AREA, segment, String(block)] }));
  }

  /** Segments that have marks. */
  get segments(): readonly string[] {
    return [...this.#segments.keys()];
  }

  #blocksOf(segment: string): Map<number, Block> {
    const blocks = this.#segments.get(segment) ?? new Map<number, Block>();
    this.#segments.set(segment, blocks);
    return blocks;
  }
}
