/** Returns a transaction id as a key of a map: one character for each byte, which is the shortest string. */
export function idKey(id: Uint8Array): string {
  return String.fromCharCode(
    id[0] ?? 0,
    id[1] ?? 0,
    id[2] ?? 0,
    id[3] ?? 0,
    id[4] ?? 0,
    id[5] ?? 0,
    id[6] ?? 0,
    id[7] ?? 0,
  );
}
