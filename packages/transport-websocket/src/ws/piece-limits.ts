/**
 * Minimum average size of a fragment, and of a chunk from the network; each takes about 200 bytes of memory besides.
 */
const FRAGMENT_BYTES = 1024;
const CHUNK_BYTES = 512;
/** Number of pieces that is always allowed. */
const LEAST = 64;

/**
 * Returns how many pieces a message may consist of: `ws` keeps each of them until the message is complete, and even a
 * small one takes memory.
 */
export function pieceLimits(maxPayloadBytes: number): {
  readonly maxFragments: number;
  readonly maxBufferedChunks: number;
} {
  return {
    maxFragments: Math.max(LEAST, Math.ceil(maxPayloadBytes / FRAGMENT_BYTES)),
    maxBufferedChunks: Math.max(LEAST, Math.ceil(maxPayloadBytes / CHUNK_BYTES)),
  };
}
