import {
  hasTransactionId,
  ID_BYTES,
  MAGIC,
  MAX_BODY_BYTES,
  MAX_PAGES,
  type MtpFrameInit,
  TYPE_CODES,
} from './frame.ts';

/**
 * Writes one package for a stream: a head of 16 bytes, of 24 with pages, of 8 without a transaction id (spec §12.2).
 * Every one of them carries the body length, which a stream needs.
 *
 * @throws `TypeError` for an unknown type, `RangeError` for an id that is not 8 bytes, pages, index or body out of
 *   range.
 *
 * @example
 * ```ts
 * const ping = encodeFrame({ type: 'command', id: ids.next(), body: utf8Encode('PING') });
 * ```
 */
export function encodeFrame(frame: MtpFrameInit): Uint8Array {
  const { id, body, pages = 1, index = 0 } = frame;
  if (!Object.hasOwn(TYPE_CODES, frame.type))
    throw new TypeError('type must be a type of MTP packages');
  if (id.length !== ID_BYTES) throw new RangeError('a transaction id must have 8 bytes');
  if (!inRange(pages, 1, MAX_PAGES))
    throw new RangeError('pages must be a whole number from 1 to 2,097,152');
  if (!inRange(index, 0, pages - 1))
    throw new RangeError('index must be a whole number from 0 to pages - 1');
  if (body.length > MAX_BODY_BYTES) throw new RangeError('body must be at most 2^30 bytes');
  const words = pages > 1 ? 6 : hasTransactionId(frame) ? 4 : 2;
  const bytes = new Uint8Array(words * 4 + body.length);
  [bytes[0], bytes[1], bytes[2]] = MAGIC;
  bytes[3] = (words << 4) | TYPE_CODES[frame.type];
  if (words >= 4) bytes.set(id, 4);
  if (words === 6) {
    writeUint32(bytes, 12, pages);
    writeUint32(bytes, 16, index);
  }
  writeUint32(bytes, words * 4 - 4, body.length);
  bytes.set(body, words * 4);
  return bytes;
}

/** Writes a big-endian number. */
function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

function inRange(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}
