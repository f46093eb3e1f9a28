/** The two conversions a platform may do faster; the text is checked before it comes here. */
export interface NativeBase64 {
  encode(bytes: Uint8Array): string;
  /** `text` has the standard alphabet and optional padding only; `length` is the number of bytes in it. */
  decode(text: string, length: number): Uint8Array;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
/** Chunk of `String.fromCharCode` arguments that no engine refuses. */
const CHUNK = 0x2000;

const DIGITS: Uint8Array = /* @__PURE__ */ (() => {
  const table = new Uint8Array(128);
  for (let i = 0; i < 64; i++) table[ALPHABET.charCodeAt(i)] = i;
  return table;
})();

/** Base64 without a platform; browsers build a binary text in chunks and let `btoa` do the rest. */
export const native: NativeBase64 = {
  encode(bytes) {
    let binary = '';
    for (let i = 0; i < bytes.length; i += CHUNK) {
      binary += String.fromCharCode(...bytes.subarray(i, i + CHUNK));
    }
    return btoa(binary);
  },
  decode(text, length) {
    const bytes = new Uint8Array(length);
    for (let i = 0, o = 0; o < length; i += 4) {
      const word =
        (digit(text, i) << 18) |
        (digit(text, i + 1) << 12) |
        (digit(text, i + 2) << 6) |
        digit(text, i + 3);
      bytes[o++] = word >> 16;
      if (o < length) bytes[o++] = word >> 8;
      if (o < length) bytes[o++] = word;
    }
    return bytes;
  },
};

/** Value of a digit; padding and the end of the text count as zero. */
function digit(text: string, index: number): number {
  return index < text.length ? (DIGITS[text.charCodeAt(index)] ?? 0) : 0;
}
