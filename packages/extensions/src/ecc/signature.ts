/** Maximum DER length of two 32-byte numbers with sign bytes. */
const MAX_LENGTH = 72;

/**
 * Whether an ECDSA signature is strict DER: one SEQUENCE of two minimal positive INTEGERs of at most 32 bytes. A lenient reader
 * accepts many forms of one signature, and platforms differ in what they accept. The verifier checks the range of r and s.
 */
export function isStrictDer(signature: Uint8Array): boolean {
  const length = signature.length;
  if (length > MAX_LENGTH || signature[0] !== 0x30 || signature[1] !== length - 2) return false;
  const middle = endOfInteger(signature, 2);
  return middle !== undefined && endOfInteger(signature, middle) === length;
}

function endOfInteger(bytes: Uint8Array, at: number): number | undefined {
  const length = bytes[at + 1];
  const first = bytes[at + 2];
  if (bytes[at] !== 0x02 || length === undefined || first === undefined) return undefined;
  if (length === 0 || length > 33 || first >= 0x80) return undefined;
  if (first === 0 && (bytes[at + 3] ?? 0) < 0x80) return undefined; // zero, or not minimal
  if (length === 33 && first !== 0) return undefined;
  return at + 2 + length;
}
