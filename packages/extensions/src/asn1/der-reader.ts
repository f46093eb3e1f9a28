import { keyError } from '../wire/key-error.ts';

/** DER tags of the elements in keys (X.690 §8). */
export const TAG = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  sequence: 0x30,
  context0: 0xa0,
  context1: 0xa1,
} as const;

/**
 * Reads DER strictly (X.690 §10): definite, minimal lengths of at most 65,535 bytes. A reader covers the elements of one level and
 * does not recurse.
 */
export class DerReader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Returns the tag of the next element; undefined at the end. */
  peek(): number | undefined {
    return this.#bytes[this.#offset];
  }

  /**
   * Reads the contents of the next element.
   *
   * @throws `crypto/key` for another tag, and for a length that is not minimal or too long
   */
  read(tag: number): Uint8Array {
    if (this.#bytes[this.#offset] !== tag) throw keyError('has an unexpected ASN.1 element');
    const [start, length] = this.#length(this.#offset + 1);
    if (length > this.#bytes.length - start) throw keyError('is truncated');
    this.#offset = start + length;
    return this.#bytes.subarray(start, this.#offset);
  }

  /** Enters a constructed element, a SEQUENCE by default. */
  enter(tag: number = TAG.sequence): DerReader {
    return new DerReader(this.read(tag));
  }

  /** Reads the magnitude of a non-negative INTEGER, without sign byte. Zero is one zero byte. */
  integer(): Uint8Array {
    const bytes = this.read(TAG.integer);
    const [first = 0x80, second = 0x80] = bytes;
    if (first >= 0x80) throw keyError('has a negative or empty number');
    if (bytes.length === 1 || first !== 0) return bytes;
    if (second < 0x80) throw keyError('has a number that is not minimal');
    return bytes.subarray(1);
  }

  /** Reads a small INTEGER such as a version. */
  smallInteger(): number {
    const bytes = this.integer();
    if (bytes.length > 1) throw keyError('has an unknown version');
    return bytes[0] as number;
  }

  /** Reads a BIT STRING of whole bytes. */
  bitString(): Uint8Array {
    const bytes = this.read(TAG.bitString);
    if (bytes[0] !== 0) throw keyError('has a bit string that does not end at a byte');
    return bytes.subarray(1);
  }

  /** Checks that everything was read: trailing bytes would allow two spellings of one key. @throws `crypto/key` */
  end(): void {
    if (this.#offset !== this.#bytes.length) throw keyError('has trailing ASN.1 data');
  }

  #length(at: number): readonly [start: number, length: number] {
    const first = this.#bytes[at];
    if (first === undefined) throw keyError('is truncated');
    if (first < 0x80) return [at + 1, first];
    const high = this.#bytes[at + 1] ?? 0;
    if (first === 0x81 && high >= 0x80) return [at + 2, high];
    if (first === 0x82 && high > 0) return [at + 3, (high << 8) | (this.#bytes[at + 2] ?? 0)];
    throw keyError('has an ASN.1 length that is indefinite, not minimal or too long');
  }
}
