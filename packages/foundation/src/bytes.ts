import { native as decodeUtf8 } from '#native/utf8';
import { ProtocolError } from './error.ts';

/**
 * Encodes text as UTF-8. Text to be signed or hashed must be encoded here.
 *
 * @throws `format/bytes` for a lone surrogate, which has no UTF-8 form: encoders replace it by U+FFFD, so two
 *   different texts would have the same signature
 */
export function utf8Encode(text: string): Uint8Array {
  if (!isWellFormed(text)) {
    throw new ProtocolError('format/bytes', 'text must not have a lone surrogate');
  }
  encoder ??= new TextEncoder();
  return encoder.encode(text);
}

/** `isWellFormed` came with ES2024. Older engines test a regular expression instead. */
function isWellFormed(text: string & { isWellFormed?(): boolean }): boolean {
  return text.isWellFormed?.() ?? !LONE_SURROGATE.test(text);
}
const LONE_SURROGATE = /\p{Surrogate}/u;
/** Created on first use, because some test environments have no `TextEncoder`. */
let encoder: TextEncoder | undefined;

/**
 * Decodes UTF-8 strictly. A byte order mark is kept as a character.
 *
 * @throws `format/bytes` for bytes that are not UTF-8
 */
export function utf8Decode(bytes: Uint8Array): string {
  try {
    return decodeUtf8(bytes);
  } catch {
    throw new ProtocolError('format/bytes', 'bytes are not UTF-8');
  }
}

/** Joins byte arrays into a new one. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/**
 * Compares two byte arrays in a time that depends on their lengths only, as secrets need.
 */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number);
  return difference === 0;
}

/**
 * Random bytes from the platform's cryptographic generator (spec §14.2 #19).
 *
 * @param length - number of bytes, up to 65,536
 */
export function randomBytes(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}
