/** Returns the search number: the last four bytes, big-endian (spec §4.6). */
export function lastUint32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(bytes.length - 4);
}
