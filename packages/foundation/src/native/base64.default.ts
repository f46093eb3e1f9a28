/** The conversions that platforms implement. */
export interface NativeBase64 {
  encode(bytes: Uint8Array): string;
  /**
   * Decodes the first `digits` characters; what follows them is padding.
   *
   * @param digits - must not be one more than a multiple of four
   * @returns undefined if a character is outside the standard alphabet
   */
  decode(text: string, digits: number): Uint8Array | undefined;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
/** Number of arguments of `String.fromCharCode` that every engine accepts. */
const CHUNK = 0x2000;
/** Marks a character that is not a digit; its bits are above those of a digit. */
const FOREIGN = 0x40;

const VALUES: Uint8Array = /* @__PURE__ */ (() => {
  const table = new Uint8Array(256).fill(FOREIGN);
  for (let i = 0; i < 64; i++) table[ALPHABET.charCodeAt(i)] = i;
  return table;
})();

/** Methods that newer engines have. */
interface Modern {
  fromBase64?(text: string): Uint8Array;
}
interface ModernBytes {
  toBase64?(): string;
}

/**
 * Uses the methods of newer engines. In older engines `btoa` encodes a binary text that is built in chunks, and a loop decodes.
 * `atob` would not be faster, because its binary text has to be converted to bytes.
 */
export const native: NativeBase64 = {
  encode(bytes: Uint8Array & ModernBytes) {
    if (bytes.toBase64 !== undefined) return bytes.toBase64();
    let binary = '';
    for (let i = 0; i < bytes.length; i += CHUNK) {
      binary += String.fromCharCode(...bytes.subarray(i, i + CHUNK));
    }
    return btoa(binary);
  },
  decode(text, digits) {
    const length = Math.floor((digits * 3) / 4);
    return (Uint8Array as Modern).fromBase64 === undefined
      ? decodeByLoop(text, digits, length)
      : decodeByEngine(text, length);
  },
};

/** The engine skips white space, which leaves too few bytes. */
function decodeByEngine(text: string, length: number): Uint8Array | undefined {
  try {
    const bytes = (Uint8Array as Modern).fromBase64?.(text);
    return bytes?.length === length ? bytes : undefined;
  } catch {
    return undefined;
  }
}

function decodeByLoop(text: string, digits: number, length: number): Uint8Array | undefined {
  const bytes = new Uint8Array(length);
  const whole = digits - (digits % 4);
  let seen = 0;
  let at = 0;
  for (let i = 0; i < whole; i += 4) {
    const a = value(text, i);
    const b = value(text, i + 1);
    const c = value(text, i + 2);
    const d = value(text, i + 3);
    seen |= a | b | c | d;
    bytes[at] = (a << 2) | (b >> 4);
    bytes[at + 1] = (b << 4) | (c >> 2);
    bytes[at + 2] = (c << 6) | d;
    at += 3;
  }
  if (whole < digits) {
    const a = value(text, whole);
    const b = value(text, whole + 1);
    const c = whole + 2 < digits ? value(text, whole + 2) : 0;
    seen |= a | b | c;
    bytes[at] = (a << 2) | (b >> 4);
    if (whole + 2 < digits) bytes[at + 1] = (b << 4) | (c >> 2);
  }
  return seen < FOREIGN ? bytes : undefined;
}

function value(text: string, index: number): number {
  return VALUES[text.charCodeAt(index)] ?? FOREIGN;
}
