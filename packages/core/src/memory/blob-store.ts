import { encodeHex, ProtocolError, randomBytes } from '@dimp/foundation';
import type { BlobStore } from '../ports/blob-store.ts';

/** A {@link BlobStore} in memory, under URLs that only it can resolve. */
export function memoryBlobStore(): BlobStore {
  const blobs = new Map<string, Uint8Array>();
  return {
    upload(bytes, options) {
      options?.signal?.throwIfAborted();
      const url = `memory://${encodeHex(randomBytes(16))}/${encodeURIComponent(options?.filename ?? 'blob')}`;
      blobs.set(url, bytes.slice());
      return url;
    },
    download(url, options) {
      options?.signal?.throwIfAborted();
      const bytes = blobs.get(url);
      if (bytes === undefined) throw new ProtocolError('identity/not-found', 'no such file');
      if (bytes.length > (options?.maxBytes ?? Number.POSITIVE_INFINITY)) {
        throw new ProtocolError('format/limit', 'file is too large', {
          details: { limit: 'bytes', max: options?.maxBytes ?? 0 },
        });
      }
      return bytes.slice();
    },
  };
}
