/** What a set takes beside its fragments: its tables while they are empty, and its place among the others. */
const SET_COST = 768;
/** What a fragment takes beside its bytes: a place in a table that may be half empty. Measured: 30 to 60 bytes. */
const FRAGMENT_COST = 64;
/** Room that a set begins with. */
const FIRST_ROOM = 256;
/** Most bytes of a set: offset and length share a number, which takes a quarter of what an object does. */
export const MAX_SET_BYTES: number = 2 ** 26;

/**
 * The fragments of one payload that wait for the others. Their bytes stand in one piece of memory: with one for each, a
 * fragment of a byte would take several hundred.
 */
export class FragmentSet {
  readonly pages: number;
  /** When the last fragment came, in seconds. */
  lastSeconds = 0;
  readonly #maxBytes: number;
  /** Offset and length of each fragment that has come, by index. */
  readonly #places = new Map<number, number>();
  #room: Uint8Array = NOTHING;
  #length = 0;

  /** @param maxBytes - most bytes of all fragments together; the caller does not add more */
  constructor(pages: number, maxBytes: number) {
    this.pages = pages;
    this.#maxBytes = maxBytes;
  }

  /** Bytes of the fragments that have come. */
  get bodyBytes(): number {
    return this.#length;
  }

  get isComplete(): boolean {
    return this.#places.size === this.pages;
  }

  /** Bytes of memory that it takes, bookkeeping included. */
  get cost(): number {
    return SET_COST + this.#room.length + this.#places.size * FRAGMENT_COST;
  }

  has(index: number): boolean {
    return this.#places.has(index);
  }

  /** What {@link FragmentSet.cost} would be with one fragment more, of so many bytes. */
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

  /** The fragments in their order. */
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

  /** Room that is large enough for one fragment more; it grows by halves, so that all copying together stays linear. */
  #roomFor(length: number): number {
    const needed = this.#length + length;
    const room = this.#room.length;
    if (needed <= room) return room;
    return Math.max(needed, Math.min(this.#maxBytes, Math.max(FIRST_ROOM, Math.ceil(room * 1.5))));
  }
}

const NOTHING: Uint8Array = /* @__PURE__ */ new Uint8Array(0);
