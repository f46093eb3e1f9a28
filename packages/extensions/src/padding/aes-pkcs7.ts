/** Size of an AES block and of an IV in bytes. */
export const BLOCK_LENGTH = 16;

/**
 * Removes PKCS#7 padding from whole blocks (RFC 5652 §6.3). Checks every padding byte and always reads sixteen bytes without a branch,
 * so that the time does not reveal where a wrong padding fails (spec §14.2 #21).
 *
 * @param blocks - at least one block
 * @returns a view without the padding; undefined for a wrong padding
 */
export function unpad(blocks: Uint8Array): Uint8Array | undefined {
  const last = blocks.length - 1;
  const count = blocks[last] as number;
  // All ones if count is not 1 to 16.
  let wrong = ((count - 1) | (BLOCK_LENGTH - count)) >> 31;
  for (let i = 0; i < BLOCK_LENGTH; i++) {
    const isPadding = (i - count) >> 31;
    wrong |= isPadding & ((blocks[last - i] as number) ^ count);
  }
  return wrong === 0 ? blocks.subarray(0, blocks.length - count) : undefined;
}
