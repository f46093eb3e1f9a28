/** What a connection speaks. */
export type Framing = 'tls' | 'http' | 'mtp' | 'lines';

/** Most bytes that {@link recogniseFraming} needs. */
export const MAX_OPENING = 8;

const WORDS: readonly (readonly [string, Framing])[] = [
  ['DIM', 'mtp'],
  ['GET ', 'http'],
  ['PUT ', 'http'],
  ['POST ', 'http'],
  ['HEAD ', 'http'],
  ['OPTIONS ', 'http'],
  ['DELETE ', 'http'],
  // A record of a handshake, of any version that calls itself 3.x (RFC 8446 §5.1).
  ['\x16\x03', 'tls'],
  ['{', 'lines'],
  ['\n', 'lines'],
];

/**
 * Recognises what a connection speaks by its first bytes (spec §12.1, §12.9). Mars framing (§12.5) is not spoken here.
 *
 * @returns undefined as long as there are too few bytes
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
