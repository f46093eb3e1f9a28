/** A transaction id as a key of a map: one character for each byte, the shortest that a string can be. */
export function idKey(id: Uint8Array): string {
  return String.fromCharCode(...id);
}
