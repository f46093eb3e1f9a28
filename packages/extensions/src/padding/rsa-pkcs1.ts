import { randomBytes } from '@dimp/foundation';

/** Minimum number of bytes that RSAES-PKCS1-v1_5 adds to a plaintext (RFC 8017 §7.2.1). */
export const PADDING_OVERHEAD = 11;
/** Additional bytes of the synthetic block, which determine the length of a synthetic plaintext. */
export const SYNTHETIC_LENGTH_BYTES = 4;

/**
 * Pads a plaintext for encryption: 00 02, random bytes without zero, 00, plaintext (RFC 8017 §7.2.1).
 *
 * @param plaintext - at most `length` minus {@link PADDING_OVERHEAD} bytes
 * @param length - length of the modulus in bytes
 */
export function pad(plaintext: Uint8Array, length: number): Uint8Array {
  const block = new Uint8Array(length);
  const separator = length - plaintext.length - 1;
  block[1] = 2;
  for (let i = 2; i < separator; ) {
    for (const byte of randomBytes(separator - i)) {
      if (byte !== 0) block[i++] = byte;
    }
  }
  block.set(plaintext, separator + 1);
  return block;
}

/**
 * Removes the padding of a raw decrypted block. A wrongly padded block yields the synthetic plaintext instead of an error, so that
 * the answer is not an oracle (Bleichenbacher's attack, spec §14.2 #21; the method of draft-irtf-cfrg-rsa-guidance §7). No branch and
 * no index depends on the block before the result is cut to its length.
 *
 * @param block - as long as the modulus
 * @param synthetic - pseudo-random bytes of this key and ciphertext, {@link SYNTHETIC_LENGTH_BYTES} longer than the block
 */
export function unpad(block: Uint8Array, synthetic: Uint8Array): Uint8Array {
  const size = block.length;
  const at = (bytes: Uint8Array, index: number): number => bytes[index] as number;
  let wrong = ~isZero(at(block, 0)) | ~isZero(at(block, 1) ^ 2);
  let separator = 0;
  let searching = -1;
  for (let i = 2; i < size; i++) {
    const here = isZero(at(block, i)) & searching;
    separator |= i & here;
    searching &= ~here;
  }
  // No separator, or fewer than eight padding bytes.
  wrong |= searching | isLess(separator, PADDING_OVERHEAD - 1);
  const word =
    at(synthetic, size) * 0x1000000 +
    ((at(synthetic, size + 1) << 16) | (at(synthetic, size + 2) << 8) | at(synthetic, size + 3));
  const syntheticLength = Math.floor((word * (size - PADDING_OVERHEAD + 1)) / 0x100000000);
  const length = (wrong & syntheticLength) | (~wrong & (size - 1 - separator));
  const plaintext = new Uint8Array(size);
  for (let i = 0; i < size; i++) {
    plaintext[i] = (wrong & at(synthetic, i)) | (~wrong & at(block, i));
  }
  return plaintext.slice(size - length);
}

/** Returns all ones for zero, else zero; for 0 ≤ x < 2^31. */
function isZero(x: number): number {
  return ((x - 1) & ~x) >> 31;
}

/** Returns all ones if a < b, else zero; for small non-negative numbers. */
function isLess(a: number, b: number): number {
  return (a - b) >> 31;
}
