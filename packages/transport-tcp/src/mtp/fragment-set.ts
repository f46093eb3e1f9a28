/** Bytes of memory of a set without fragments. */
const SET_COST = 768;
/**
 * Bytes of memory of a fragment besides its body: an entry in a table that may be half empty. Measured: 30 to 60 bytes.
 */
const FRAGMENT_COST = 64;
/** Initial size of the buffer of a set. */
const FIRST_ROOM = 256;
/** Most bytes of a set. Offset and length share one number, which takes a quarter of the memory of an object. */
export const MAX_SET_BYTES: number = 2 ** 26;

/**
 * The fragments of one incomplete payload. Their bytes share one buffer, because a buffer for each would take several
 * hundred bytes for a fragment of one byte.
 */
export class FragmentSet {
  readonly pages: number;
  /** Time of the last fragment, in seconds. */
  lastSeconds = 0;
  readonly #maxBytes: number;
  /** Offset and length of each received fragment, by index. */
  readonly #places = new Map<number, number>();
  #room: Uint8Array = NOTHING;
  #length = 0;

  /** @param maxBytes - most bytes of all fragments together; the caller does not add more */
  constructor(pages: number, maxBytes: number) {
    this.pages = pages;
    this.#maxBytes = maxBytes;
  }

  /** Bytes of the received fragments. */
  get bodyBytes(): number {
    return this.#length;
  }

  get isComplete(): boolean {
    return this.#places.size === this.pages;
  }

  /** Bytes of memory, including overhead. */
  get cost(): number {
    return SET_COST + this.#room.length + this.#places.size * FRAGMENT_COST;
  }

  has(index: number): boolean {
    return this.#places.has(index);
  }

  /** Returns what {@link FragmentSet.cost} would be with another fragment of this length. */
  costWith(length: number): number {
    return this.cost - this.#room.length + this.#roomFor(length) + FRAGMENT_COST;
  }

  add(index: number, body: Uint8Array): void {
    const room = this.#roomFor(body.length);
    if (room > this.#room.length) {
      const larger = new Uint8Array(room);
      larger.set(this.#room.subarray(0, this.#length));
      this.#room = larger;
    }
    this.#room.set(body, this.#length);
    this.#places.set(index, this.#length * (MAX_SET_BYTES + 1) + body.length);
    this.#length += body.length;
  }

  /** Returns the fragments joined in order. */
  body(): Uint8Array {
    const body = new Uint8Array(this.#length);
    let end = 0;
    for (let index = 0; index < this.pages; index++) {
      const place = this.#places.get(index) ?? 0;
      const offset = Math.floor(place / (MAX_SET_BYTES + 1));
      const length = place % (MAX_SET_BYTES + 1);
      body.set(this.#room.subarray(offset, offset + length), end);
      end += length;
    }
    return body;
  }

  /** Returns a buffer size for another fragment. It grows by half, so that copying takes linear time in all. */
  #roomFor(length: number): number {
    const needed = this.#length + length;
    const room = this.#room.length;
    if (needed <= room) return room;
    return Math.max(needed, Math.min(this.#maxBytes, Math.max(FIRST_ROOM, Math.ceil(room * 1.5))));
  }
}

const NOTHING: Uint8Array = /* @__PURE__ */ new Uint8Array(0);
