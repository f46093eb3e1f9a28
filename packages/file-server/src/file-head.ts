/** The head of a file on disk, before its bytes. */
export interface FileHead {
  /** Length of the whole file in bytes; an upper bound while a form is read. */
  readonly total: number;
  /** Number of bytes that are known to be on disk. Not used once the file is finished. */
  readonly confirmed: number;
}

/** Length of a {@link FileHead} in bytes. */
export const HEAD_BYTES = 24;
/** `DIMF`, and the version of the layout. */
const MAGIC = 0x44494d46;
const VERSION = 1;

/** Encodes a head: magic, version, total and confirmed length, all big-endian. */
export function encodeHead({ total, confirmed }: FileHead): Uint8Array {
  const bytes = new Uint8Array(HEAD_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC);
  view.setUint32(4, VERSION);
  view.setBigUint64(8, BigInt(total));
  view.setBigUint64(16, BigInt(confirmed));
  return bytes;
}

/**
 * Decodes a head.
 *
 * @returns undefined for a damaged or foreign file
 */
export function decodeHead(bytes: Uint8Array): FileHead | undefined {
  if (bytes.length !== HEAD_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEAD_BYTES);
  if (view.getUint32(0) !== MAGIC || view.getUint32(4) !== VERSION) return undefined;
  const total = Number(view.getBigUint64(8));
  const confirmed = Number(view.getBigUint64(16));
  const makesSense = Number.isSafeInteger(total) && confirmed <= total;
  return makesSense ? { total, confirmed } : undefined;
}
