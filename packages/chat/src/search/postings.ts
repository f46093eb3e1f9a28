import { ByteReader, ByteWriter, corruptIndex } from './bytes.ts';
import type { Slices } from './slices.ts';

/** Most bytes of a block of posting lists. */
export const BLOCK_BYTES = 32_768;
/** Most bytes of one number in a list. */
const NUMBER_BYTES = 8;

/** Where the numbers of a term are. */
export interface PostingPlace {
  /** How many numbers. */
  readonly count: number;
  /** The number of a term that one message has. It stands in the dictionary: most terms are such. */
  readonly only?: number;
  /** First block. */
  readonly block: number;
  /** Where the list begins in that block. */
  readonly offset: number;
  /** Length in that block, in bytes. */
  readonly bytes: number;
  /** How many blocks; a list of several has each of them for itself. */
  readonly blocks: number;
}

/** Makes posting lists into blocks of at most 32 KiB. Short lists share a block; a long one has its blocks for itself. */
export class PostingWriter {
  readonly #finished: (block: number, bytes: Uint8Array) => void;
  readonly #scratch = new ByteWriter();
  #writer = new ByteWriter();
  #block = 0;

  /** @param finished - takes each block, in order */
  constructor(finished: (block: number, bytes: Uint8Array) => void) {
    this.#finished = finished;
  }

  /**
   * Adds a list.
   *
   * @param numbers - ascending, not empty
   * @param slices - lets other work run between the blocks of a long list
   */
  async add(numbers: readonly number[], slices: Slices): Promise<PostingPlace> {
    const [only] = numbers;
    if (only !== undefined && numbers.length === 1) return onlyNumber(only);
    const whole = this.#encode(numbers, 0);
    if (whole.end < numbers.length) return this.#addLong(numbers, whole, slices);
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

  async #addLong(
    numbers: readonly number[],
    first: EncodedNumbers,
    slices: Slices,
  ): Promise<PostingPlace> {
    this.#close();
    const block = this.#block;
    for (let part = first; ; part = this.#encode(numbers, part.end)) {
      this.#writer.bytes(part.bytes);
      this.#close();
      if (part.end === numbers.length) break;
      await slices.check();
    }
    const blocks = this.#block - block;
    return { count: numbers.length, block, offset: 0, bytes: first.bytes.length, blocks };
  }

  /** Encodes as many numbers from `start` as one block holds. Most lists are short, so that memory is used again. */
  #encode(numbers: readonly number[], start: number): EncodedNumbers {
    const writer = this.#scratch.clear();
    let before = 0;
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

/** The place of a list of one number. */
export function onlyNumber(only: number): PostingPlace {
  return { count: 1, only, block: 0, offset: 0, bytes: 0, blocks: 0 };
}

/** A part of a list that fits into one block. */
interface EncodedNumbers {
  readonly bytes: Uint8Array;
  /** Where the next part begins. */
  readonly end: number;
}

/**
 * Reads the numbers of one block of a list, ascending.
 *
 * @param count - documents of the segment
 * @throws `store/corrupt` for numbers that do not ascend or are not of the segment
 */
export function readPostings(bytes: Uint8Array, count: number): number[] {
  const reader = new ByteReader(bytes);
  const numbers: number[] = [];
  let number = 0;
  while (!reader.done) {
    const delta = reader.varint();
    if (delta === 0 && numbers.length > 0) throw corruptIndex();
    number += delta;
    if (number >= count) throw corruptIndex();
    numbers.push(number);
  }
  return numbers;
}
