/** The protocol of a connection. */
export type Framing = 'tls' | 'http' | 'mtp' | 'lines';

/** Number of bytes with which {@link recogniseFraming} always decides. */
export const MAX_OPENING = 8;

const WORDS: readonly (readonly [string, Framing])[] = [
  ['DIM', 'mtp'],
  ['GET ', 'http'],
  ['PUT ', 'http'],
  ['POST ', 'http'],
  ['HEAD ', 'http'],
  ['OPTIONS ', 'http'],
  ['DELETE ', 'http'],
  // A handshake record of any version 3.x (RFC 8446 §5.1).
  ['\x16\x03', 'tls'],
  ['{', 'lines'],
  ['\n', 'lines'],
];

/**
 * Recognises the protocol of a connection by its first bytes (spec §12.1, §12.9). Mars framing (§12.5) is not
 * supported.
 *
 * @returns undefined if more bytes are needed
 */
export function recogniseFraming(head: Uint8Array): Framing | 'unknown' | undefined {
  const text = Buffer.from(
    head.buffer,
    head.byteOffset,
    Math.min(head.length, MAX_OPENING),
  ).toString('latin1');
  const found = WORDS.find(([word]) => text.startsWith(word));
  if (found !== undefined) return found[1];
  return WORDS.some(([word]) => word.startsWith(text)) ? undefined : 'unknown';
}
