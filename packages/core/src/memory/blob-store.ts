import { concatBytes, encodeHex, ProtocolError, randomBytes } from '@dimp/foundation';
import type { BlobStore } from '../ports/blob-store.ts';

/** Size of the chunks that are read and returned. */
const PIECE = 256 * 1024;

/** A {@link BlobStore} in memory, under URLs that only it can resolve. */
export function memoryBlobStore(): BlobStore {
  const blobs = new Map<string, readonly Uint8Array[]>();
  const unfinished = new Map<string, Uint8Array[]>();
  const base = `memory://${encodeHex(randomBytes(16))}/`;
  return {
    async upload(source, { name, resume = false, signal, onProgress }) {
      const pieces = (resume ? unfinished.get(name) : undefined) ?? [];
      unfinished.set(name, pieces);
      let sent = pieces.reduce((total, piece) => total + piece.length, 0);
      while (sent < source.size) {
        signal?.throwIfAborted();
        const piece = await source.read(sent, Math.min(sent + PIECE, source.size));
        pieces.push(piece.slice());
        sent += piece.length;
        onProgress?.(sent);
      }
      signal?.throwIfAborted();
      unfinished.delete(name);
      const url = base + encodeURIComponent(name);
      blobs.set(url, pieces);
      return url;
    },
    async *download(url, { offset = 0, maxBytes = Number.POSITIVE_INFINITY, signal } = {}) {
      signal?.throwIfAborted();
      const pieces = blobs.get(url);
      if (pieces === undefined) throw new ProtocolError('identity/not-found', 'file not found');
      const bytes = concatBytes(...pieces);
      if (bytes.length > maxBytes) {
        throw new ProtocolError('format/limit', 'file is too large', {
          details: { limit: 'bytes', max: maxBytes },
        });
      }
      for (let start = offset; start < bytes.length; start += PIECE) {
        signal?.throwIfAborted();
        yield bytes.slice(start, start + PIECE);
      }
    },
  };
}
