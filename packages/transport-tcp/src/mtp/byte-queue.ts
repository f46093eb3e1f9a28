/** A larger buffer is released as soon as it is nearly empty. */
const KEEP_BYTES = 64 * 1024;

/** Shared by all empty queues. */
const NOTHING: Uint8Array = /* @__PURE__ */ new Uint8Array(0);

/**
 * A queue of bytes. Appending takes amortised linear time for any chunk sizes, and memory stays within a small multiple
 * of the waiting bytes (spec §14.6 no. 48).
 */
export class ByteQueue {
  #buffer: Uint8Array = NOTHING;
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  /** The waiting bytes; valid until the next call that changes the queue. */
  view(): Uint8Array {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  append(chunk: Uint8Array): void {
    if (this.#end + chunk.length > this.#buffer.length) this.#makeRoom(chunk.length);
    this.#buffer.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** Drops bytes from the front. */
  discard(count: number): void {
    this.#start += count;
    const capacity = this.#buffer.length;
    if (capacity > KEEP_BYTES && this.length * 8 < capacity) this.#moveTo(this.length);
    else if (this.length === 0) this.#start = this.#end = 0;
  }

  /** Drops everything. */
  clear(): void {
    this.#buffer = NOTHING;
    this.#start = this.#end = 0;
  }

  #makeRoom(count: number): void {
    const { length } = this;
    const needed = length + count;
    // Moving in place only when at most half is in use: each byte moved was paid for by one discarded before.
    if (needed <= this.#buffer.length && length * 2 <= this.#buffer.length) {
      this.#buffer.copyWithin(0, this.#start, this.#end);
      this.#start = 0;
      this.#end = length;
    } else {
      this.#moveTo(Math.max(needed, length * 2));
    }
  }

  #moveTo(capacity: number): void {
    const buffer = new Uint8Array(capacity);
    const { length } = this;
    buffer.set(this.view());
    this.#buffer = buffer;
    this.#start = 0;
    this.#end = length;
  }
}
