import { concatBytes } from '@dimp/foundation';

/** A frame of an encrypted file. */
export interface Frame {
  readonly bytes: Uint8Array;
  /** Whether it is the last one. */
  readonly last: boolean;
}

/**
 * Cuts bytes as they arrive into frames of one length. One frame is held back, because only the end of the bytes shows
 * that it was the last. No bytes at all are one empty frame.
 */
export async function* framesOf(
  incoming: AsyncIterable<Uint8Array>,
  length: number,
): AsyncGenerator<Frame> {
  let parts: Uint8Array[] = [];
  let held = 0;
  for await (const bytes of incoming) {
    let rest = bytes;
    while (rest.length > 0) {
      if (held === length) {
        yield { bytes: joined(parts), last: false };
        parts = [];
        held = 0;
      }
      const part = rest.subarray(0, length - held);
      parts.push(part);
      held += part.length;
      rest = rest.subarray(part.length);
    }
  }
  yield { bytes: joined(parts), last: true };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : concatBytes(...parts);
}
