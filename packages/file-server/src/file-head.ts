/** What stands before the bytes of a file on disk. */
export interface FileHead {
  /** Length of the whole file in bytes; not known yet while a form is read. */
  readonly total: number;
  /** Bytes from the beginning that are known to be on disk. Of no meaning once the file is finished. */
  readonly confirmed: number;
}

/** Length of a {@link FileHead} in bytes. */
export const HEAD_BYTES = 24;
/** `DIMF`, and the version of the layout. */
const MAGIC = 0x44494d46;
const VERSION = 1;

/** Writes a head: magic and version, total and confirmed length, all big-endian. */
export function encodeHead({ total, confirmed }: FileHead): Uint8Array {
  const bytes = new Uint8Array(HEAD_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC);
  view.setUint32(4, VERSION);
  view.setBigUint64(8, BigInt(total));
  view.setBigUint64(16, BigInt(confirmed));
  return bytes;
}

/** @returns undefined for what is no head: a file that was not made here, or was damaged */
export function decodeHead(bytes: Uint8Array): FileHead | undefined {
  if (bytes.length !== HEAD_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEAD_BYTES);
  if (view.getUint32(0) !== MAGIC || view.getUint32(4) !== VERSION) return undefined;
  const total = Number(view.getBigUint64(8));
  const confirmed = Number(view.getBigUint64(16));
  const makesSense = Number.isSafeInteger(total) && confirmed <= total;
  return makesSense ? { total, confirmed } : undefined;
}
