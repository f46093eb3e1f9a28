import type { BlobStore, Timers } from '@dimp/core';
import { disposeSymbol, equalBytes, ProtocolError } from '@dimp/foundation';
import { expect } from 'vitest';

/** Pauses take no time. */
export const hurried: Timers = {
  after(_delay, task) {
    const timer = setTimeout(() => void task(), 0);
    return { [disposeSymbol]: () => clearTimeout(timer) };
  },
};

export function noise(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let i = 0, state = seed; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** What a store has under a URL. */
export async function storedAt(blobs: BlobStore, url: string): Promise<Uint8Array> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  for await (const piece of blobs.download(url)) pieces.push(piece.slice());
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

/** A server that has these bytes under every URL. */
export function holding(bytes: Uint8Array): BlobStore {
  return {
    upload: () => expect.unreachable(),
    async *download(_url, { offset = 0, maxBytes = Number.POSITIVE_INFINITY } = {}) {
      for (let at = offset; at < bytes.length; at += 50_000) {
        if (at + 50_000 > maxBytes && bytes.length > maxBytes) {
          throw new ProtocolError('format/limit', 'too large');
        }
        yield bytes.subarray(at, at + 50_000);
      }
    },
  };
}

/** A server whose connections break after some bytes. */
export function breaking(
  inner: BlobStore,
  after: number,
): BlobStore & { breaks: number; readonly offsets: number[] } {
  const closed = (): ProtocolError => new ProtocolError('transport/closed', 'broken');
  const blobs = {
    breaks: 0,
    offsets: [] as number[],
    async upload(...[source, options]: Parameters<BlobStore['upload']>) {
      let left = after;
      const limited = {
        size: source.size,
        read: async (start: number, end: number) => {
          left -= end - start;
          if (left < 0) {
            blobs.breaks += 1;
            throw closed();
          }
          return source.read(start, end);
        },
      };
      return inner.upload(limited, options);
    },
    async *download(...[url, options]: Parameters<BlobStore['download']>) {
      blobs.offsets.push(options?.offset ?? 0);
      let left = after;
      for await (const piece of inner.download(url, options)) {
        left -= piece.length;
        if (left < 0) {
          blobs.breaks += 1;
          throw closed();
        }
        yield piece;
      }
    },
  };
  return blobs;
}

/** Compares long byte arrays, which `toEqual` takes seconds for. */
export function expectSame(actual: Uint8Array, expected: Uint8Array): void {
  expect(equalBytes(actual, expected)).toBe(true);
}
