import { ByteReader, ByteWriter, corruptIndex } from './bytes.ts';

/** Most bytes of a block of posting lists. */
export const BLOCK_BYTES = 32_768;
/** Most bytes of one number in a list. */
const NUMBER_BYTES = 8;

/** Where the numbers of a term are. */
export interface PostingPlace {
  /** How many numbers. */
  readonly count: number;
  /** First block. */
  readonly block: number;
  /** Where the list begins in that block. */
  readonly offset: number;
  /** Length in that block, in bytes. */
  readonly bytes: number;
  /** How many blocks; a list of several has each of them for itself. */
  readonly blocks: number;
}

/**
 * Puts posting lists into blocks of at most 32 KiB. Short lists share a block; a longer one begins a block, and each of its
 * blocks can be read alone.
 */
export class PostingWriter {
  readonly #from: number;
  readonly #finished: (block: number, bytes: Uint8Array) => void;
  #writer = new ByteWriter();
  #block = 0;

  /**
   * @param from - first number of the segment
   * @param finished - takes each block, in order
   */
  constructor(from: number, finished: (block: number, bytes: Uint8Array) => void) {
    this.#from = from;
    this.#finished = finished;
  }

  /** @param numbers - ascending, not empty */
  add(numbers: readonly number[]): PostingPlace {
    const whole = this.#encode(numbers, 0);
    if (whole.end < numbers.length) return this.#addLong(numbers);
    if (this.#writer.length + whole.bytes.length > BLOCK_BYTES) this.#close();
    const place: PostingPlace = {
      count: numbers.length,
      block: this.#block,
      offset: this.#writer.length,
      bytes: whole.bytes.length,
      blocks: 1,
    };
    this.#writer.bytes(whole.bytes);
    return place;
  }

  /** @returns how many blocks there are */
  finish(): number {
    this.#close();
    return this.#block;
  }

  #addLong(numbers: readonly number[]): PostingPlace {
    this.#close();
    const block = this.#block;
    let first = 0;
    for (let start = 0; start < numbers.length; ) {
      const { bytes, end } = this.#encode(numbers, start);
      if (start === 0) first = bytes.length;
      this.#writer.bytes(bytes);
      this.#close();
      start = end;
    }
    const blocks = this.#block - block;
    return { count: numbers.length, block, offset: 0, bytes: first, blocks };
  }

  /** As many numbers from `start` as one block holds. The first counts from the segment's first number. */
  #encode(numbers: readonly number[], start: number): { bytes: Uint8Array; end: number } {
    const writer = new ByteWriter();
    let before = this.#from;
    let end = start;
    while (end < numbers.length && writer.length + NUMBER_BYTES <= BLOCK_BYTES) {
      const number = numbers[end] as number;
      writer.varint(number - before);
      before = number;
      end += 1;
    }
    return { bytes: writer.finish(), end };
  }

  #close(): void {
    if (this.#writer.length === 0) return;
    this.#finished(this.#block, this.#writer.finish());
    this.#block += 1;
    this.#writer = new ByteWriter();
  }
}

/**
 * Reads the numbers of one block of a list, ascending.
 *
 * @param range - the numbers of the segment, `[from, to)`
 * @throws `store/corrupt` for numbers that do not ascend or are not of the segment
 */
export function readPostings(
  bytes: Uint8Array,
  { from, to }: { readonly from: number; readonly to: number },
): number[] {
  const reader = new ByteReader(bytes);
  const numbers: number[] = [];
  let number = from;
  while (!reader.done) {
    const delta = reader.varint();
    if (delta === 0 && numbers.length > 0) throw corruptIndex();
    number += delta;
    if (number >= to) throw corruptIndex();
    numbers.push(number);
  }
  return numbers;
}
