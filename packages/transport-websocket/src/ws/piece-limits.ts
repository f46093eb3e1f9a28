/** Bytes that a fragment has at least on average, and a chunk of the network; each takes some 200 bytes of memory beside them. */
const FRAGMENT_BYTES = 1024;
const CHUNK_BYTES = 512;
/** What short payloads may come in all the same. */
const LEAST = 64;

/**
 * How many pieces a message may come in: `ws` keeps each of them until the message is complete, and each takes memory however
 * small it is.
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
