import { concatBytes, ProtocolError, utf8Decode, utf8Encode } from '@dimp/foundation';

/** Writes numbers and texts one after the other. */
export class ByteWriter {
  #bytes: Uint8Array = new Uint8Array(256);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Writes a whole number from 0 to 2^53 − 1: seven bits in each byte, the lowest first. */
  varint(value: number): this {
    this.#reserve(8);
    let rest = value;
    while (rest > 0x7f) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
    return this;
  }

  bytes(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  /** Writes UTF-8 with its length in front. */
  text(text: string): this {
    const bytes = utf8Encode(text);
    return this.varint(bytes.length).bytes(bytes);
  }

  /** Begins again with the same memory. */
  clear(): this {
    this.#length = 0;
    return this;
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    this.#bytes = concatBytes(this.#bytes, new Uint8Array(Math.max(more, this.#bytes.length)));
  }
}

/** Reads what {@link ByteWriter} has written. Damaged bytes are `store/corrupt`, never a number out of range. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** @throws `store/corrupt` */
  varint(): number {
    let value = 0;
    for (let factor = 1; factor < 2 ** 53; factor *= 0x80) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) break;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
    }
    throw corruptIndex();
  }

  /** @throws `store/corrupt` */
  bytes(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw corruptIndex();
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }

  /** @throws `store/corrupt` */
  text(): string {
    const bytes = this.bytes(this.varint());
    try {
      return utf8Decode(bytes);
    } catch {
      throw corruptIndex();
    }
  }
}

/** The error for a damaged record of the index. The index can be made again. */
export function corruptIndex(): ProtocolError<'store/corrupt'> {
  return new ProtocolError('store/corrupt', 'a record of the search index cannot be read', {
    details: { what: 'search index' },
  });
}
