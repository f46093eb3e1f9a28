import {
  ID_BYTES,
  MAGIC,
  MAX_PAGES,
  type MtpFrame,
  type MtpFrameType,
  TYPE_CODES,
} from './frame.ts';

/** The head of a package. */
export interface MtpHead extends Omit<MtpFrame, 'body'> {
  /** Bytes of the head itself. */
  readonly size: number;
  /** Bytes of the body; undefined in a head for datagrams, where the body is the rest (spec §12.2). */
  readonly bodyLength: number | undefined;
}

const TYPES: ReadonlyMap<number, MtpFrameType> = /* @__PURE__ */ new Map(
  (Object.keys(TYPE_CODES) as MtpFrameType[]).map((type) => [TYPE_CODES[type], type]),
);

/**
 * Reads the head at `start`, looking no further than `end`.
 *
 * @returns the head; `'partial'` for the start of a head; `'none'` for other bytes
 */
export function readHead(
  bytes: Uint8Array,
  start: number,
  end: number,
): MtpHead | 'partial' | 'none' {
  const available = end - start;
  for (let i = 0; i < MAGIC.length; i++) {
    if (i >= available) return 'partial';
    if (bytes[start + i] !== MAGIC[i]) return 'none';
  }
  const fourth = bytes[start + 3];
  if (available < 4 || fourth === undefined) return 'partial';
  const words = fourth >> 4;
  const type = TYPES.get(fourth & 0xf);
  if (type === undefined || words < 1 || words > 6) return 'none';
  const size = words * 4;
  let pages = 1;
  let index = 0;
  if (words >= 5) {
    if (available < 20) return 'partial';
    pages = uint32(bytes, start + 12);
    index = uint32(bytes, start + 16);
    if (pages < 1 || pages > MAX_PAGES || index >= pages) return 'none';
  }
  if (available < size) return 'partial';
  const id = new Uint8Array(ID_BYTES);
  if (words >= 3) {
    for (let i = 0; i < ID_BYTES; i++) id[i] = bytes[start + 4 + i] as number;
  }
  // Heads of an odd number of words have no length.
  const bodyLength = words % 2 === 0 ? uint32(bytes, start + size - 4) : undefined;
  return { type, id, pages, index, size, bodyLength };
}

/**
 * Returns the position of the next magic word, or of its possible start at the end; the length if there is none. A
 * plain loop: it is as fast on bytes made of `D` as on zeros.
 */
export function findMagic(bytes: Uint8Array, from: number): number {
  const [first, second, third] = MAGIC;
  const last = bytes.length - 1;
  for (let i = from; i <= last; i++) {
    if (bytes[i] !== first) continue;
    if (i < last && bytes[i + 1] !== second) continue;
    if (i + 1 < last && bytes[i + 2] !== third) continue;
    return i;
  }
  return bytes.length;
}

/** Reads a big-endian number; no DataView, because a hostile stream may hold a head every few bytes. */
function uint32(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let i = at; i < at + 4; i++) value = value * 256 + (bytes[i] as number);
  return value;
}
