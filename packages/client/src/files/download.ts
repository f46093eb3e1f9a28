import { type BlobStore, systemRandom, systemTimers } from '@dimp/core';
import { type RunningDigest, runningSha256 } from '@dimp/crypto/digests';
import { concatBytes, definedOnly, equalBytes, fieldError, ProtocolError } from '@dimp/foundation';
import { damaged } from './cipher.ts';
import { checkFacts, checkOf, type FileCheck, openerFor } from './decryption.ts';
import type { FileLocation } from './file-location.ts';
import { framesOf } from './frames.ts';
import { DEFAULT_RETRY_POLICY, Retry } from './retry.ts';
import type { TransferOptions } from './transfer-options.ts';

/** Options for {@link downloadFile}. */
export interface DownloadFileOptions extends TransferOptions {
  /** Limit on the length of the file, in bytes; 4 GiB by default. */
  readonly maxBytes?: number;
}

/**
 * A file that can be downloaded. Iterate over its bytes, or take it at once. Nothing is fetched before that, and each
 * iteration fetches the file again. It throws the codes of {@link downloadFile}.
 */
export interface Download extends AsyncIterable<Uint8Array> {
  /** Length in bytes, if the sender has given it. */
  readonly size: number | undefined;
  /** When the bytes are known to be the sender's. Do not show an `at-end` file before its end. */
  readonly check: FileCheck;
  /** The file in memory. */
  bytes(): Promise<Uint8Array>;
  /** The file as a blob. Browsers may keep it on disk. */
  blob(type?: string): Promise<Blob>;
  /** The file as a stream of the platform. */
  stream(): ReadableStream<Uint8Array<ArrayBuffer>>;
}

const MAX_BYTES = 4 * 1024 * 1024 * 1024;

/**
 * Downloads and decrypts the file of a content, in constant memory. After a broken connection it goes on where it
 * stopped.
 *
 * @param location - body of a file, image, audio or video content, its thumbnail or snapshot, or an avatar
 * @throws while it is read: `format/field` and `format/limit` before anything is fetched; `crypto/decrypt` for a file
 *   that was truncated, changed or replaced; `crypto/key`, `unsupported/algorithm`; the codes of `BlobStore.download`;
 *   the reason of `signal`
 *
 * @example
 * ```ts
 * for await (const bytes of downloadFile(blobs, content.body)) await file.write(bytes);
 * ```
 */
export function downloadFile(
  blobs: BlobStore,
  location: FileLocation,
  options: DownloadFileOptions = {},
): Download {
  const iterate = (): AsyncGenerator<Uint8Array> => verified(blobs, location, options);
  const stream = (): ReadableStream<Uint8Array<ArrayBuffer>> => streamOf(iterate());
  return {
    size: location.size ?? location.data?.length,
    check: checkOf(location),
    [Symbol.asyncIterator]: iterate,
    async bytes() {
      const pieces: Uint8Array[] = [];
      for await (const piece of iterate()) pieces.push(piece);
      return concatBytes(...pieces);
    },
    async blob(type = 'application/octet-stream') {
      const response = new Response(stream(), { headers: { 'Content-Type': type } });
      return response.blob();
    },
    stream,
  };
}

/** Yields the file, and compares it with the length and digest that its sender has given. */
async function* verified(
  blobs: BlobStore,
  location: FileLocation,
  options: DownloadFileOptions,
): AsyncGenerator<Uint8Array> {
  const { maxBytes = MAX_BYTES, signal, onProgress } = options;
  signal?.throwIfAborted();
  checkFacts(location);
  const { size, sha256 } = location;
  checkSize(size ?? 0, maxBytes);
  const digest: RunningDigest | undefined = sha256 === undefined ? undefined : runningSha256();
  let done = 0;
  for await (const piece of pieces(blobs, location, maxBytes, options)) {
    done += piece.length;
    checkSize(done, maxBytes);
    if (size !== undefined && done > size) throw damaged();
    digest?.update(piece);
    onProgress?.(done, size);
    yield piece;
  }
  if (size !== undefined && done !== size) throw damaged();
  if (sha256 !== undefined && digest !== undefined && !equalBytes(digest.digest(), sha256)) {
    throw damaged();
  }
}

async function* pieces(
  blobs: BlobStore,
  location: FileLocation,
  maxBytes: number,
  options: DownloadFileOptions,
): AsyncGenerator<Uint8Array> {
  const { data, URL: url } = location;
  if (data !== undefined) {
    yield data;
    return;
  }
  if (url === undefined) throw fieldError('URL', 'is missing');
  const { signal, retry, timers = systemTimers, random = systemRandom } = options;
  const opener = await openerFor(location);
  const trying = new Retry({ ...DEFAULT_RETRY_POLICY, ...retry }, timers, random);
  // An encrypted file is longer by one padding at most. A file of known length has no extra byte.
  const limit = opener.sealedSize ?? maxBytes + 16;
  let ended: number | undefined;
  for (let index = 0, offset = 0, last = false; !last; ) {
    const incoming = blobs.download(url, {
      offset,
      maxBytes: limit,
      ...definedOnly({ signal }),
    });
    try {
      const end = (position: number): void => {
        const short = opener.sealedSize !== undefined && position < opener.sealedSize;
        // A server may send less than was requested. If it stops at the same place again, the file ends there.
        if (!short || position === ended) return;
        ended = position;
        throw new ProtocolError('transport/closed', 'the server sent only a part of the file');
      };
      for await (const frame of framesOf(counted(incoming, offset, end), opener.frame)) {
        const piece = await opener.open(frame.bytes, index, frame.last);
        signal?.throwIfAborted();
        index += 1;
        offset += frame.bytes.length;
        last = frame.last;
        trying.progress();
        if (piece.length > 0) yield piece;
      }
    } catch (error) {
      await trying.afterFailure(error, signal);
    }
  }
}

/** @param end - called with the place in the file where the bytes ended; may throw */
async function* counted(
  incoming: AsyncIterable<Uint8Array>,
  offset: number,
  end: (position: number) => void,
): AsyncGenerator<Uint8Array> {
  let position = offset;
  for await (const bytes of incoming) {
    position += bytes.length;
    yield bytes;
  }
  end(position);
}

function checkSize(size: number, maxBytes: number): void {
  if (size <= maxBytes) return;
  throw new ProtocolError('format/limit', 'the file is too large', {
    details: { limit: 'bytes', max: maxBytes },
  });
}

/** Not all platforms have `ReadableStream.from`. */
function streamOf(bytes: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await bytes.next();
        if (done === true) controller.close();
        else controller.enqueue(value as Uint8Array<ArrayBuffer>);
      },
      async cancel() {
        await bytes.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}
