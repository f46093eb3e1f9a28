/** The last four bytes as a big-endian number: what people search by (spec §4.6). */
export function lastUint32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(bytes.length - 4);
}
