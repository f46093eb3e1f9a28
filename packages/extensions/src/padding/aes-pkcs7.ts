/** Bytes of an AES block and of an IV. */
export const BLOCK_LENGTH = 16;

/**
 * Takes PKCS#7 padding off whole blocks (RFC 5652 §6.3). Every padding byte is checked, and always sixteen bytes are
 * looked at without a branch, so that the time does not tell where a wrong padding fails (spec §14.2 #21).
 *
 * @param blocks - at least one block
 * @returns a view without the padding, or undefined when the padding is wrong
 */
export function unpad(blocks: Uint8Array): Uint8Array | undefined {
  const last = blocks.length - 1;
  const count = blocks[last] as number;
  // All ones when count is not 1 … 16.
  let wrong = ((count - 1) | (BLOCK_LENGTH - count)) >> 31;
  for (let i = 0; i < BLOCK_LENGTH; i++) {
    const isPadding = (i - count) >> 31;
    wrong |= isPadding & ((blocks[last - i] as number) ^ count);
  }
  return wrong === 0 ? blocks.subarray(0, blocks.length - count) : undefined;
}
