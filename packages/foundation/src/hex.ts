import { ProtocolError } from './error.ts';

const HEX: readonly string[] = /* @__PURE__ */ Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, '0'),
);

/** Encodes bytes as lower-case hex without a prefix (spec §1.2). */
export function encodeHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX[byte];
  return text;
}

/**
 * Decodes hex of either case.
 *
 * @throws `format/bytes` for an odd number of digits, a `0x` prefix or any other character.
 */
export function decodeHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) {
    throw new ProtocolError('format/bytes', 'text is not hex');
  }
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = (digit(text.charCodeAt(2 * i)) << 4) | digit(text.charCodeAt(2 * i + 1));
  }
  return bytes;
}

/** Value of a hex digit: the low four bits of `0`–`9`, and of `A`–`F` or `a`–`f` with nine added. */
function digit(code: number): number {
  return (code & 0xf) + (code > 0x39 ? 9 : 0);
}
