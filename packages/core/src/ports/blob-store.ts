import type { MaybePromise } from '@dimp/foundation';

/** Random access to the bytes of a file. */
export interface BlobSource {
  /** Length in bytes. */
  readonly size: number;
  /**
   * Returns the bytes from `start` to `end`, without `end`. Repeated reads must return the same bytes.
   *
   * @param end - at most {@link BlobSource.size}
   */
  read(start: number, end: number): MaybePromise<Uint8Array>;
}

/**
 * Server for encrypted files (spec §13). It never sees a plaintext.
 *
 * A driver tries each transfer once. The caller resumes it after a `retryable` error.
 */
export interface BlobStore {
  /**
   * Uploads bytes and holds only a part of them in memory.
   *
   * @returns URL of the uploaded bytes
   * @throws `transport/closed` and `transport/timeout` if the connection broke; `transport/refused`,
   *   `policy/unauthorized` and `store/quota` if the server refuses them; the reason of `signal`
   */
  upload(source: BlobSource, options: UploadOptions): Promise<string>;
  /**
   * Downloads bytes. Leaving the loop ends the transfer.
   *
   * @throws `identity/not-found` if there is no such file; `format/limit` above `maxBytes`; `transport/closed` and
   *   `transport/timeout` if the connection broke before the end; `transport/refused` for a URL that this store does not
   *   fetch; the reason of `signal`
   */
  download(url: string, options?: DownloadOptions): AsyncIterable<Uint8Array>;
}

/** Options of an upload. */
export interface UploadOptions {
  /** Name on the server, random and without a path; the URL usually ends with it. Never the name of the plaintext. */
  readonly name: string;
  /**
   * Whether an earlier upload of the same bytes under the same name has failed. A store that knows how far it got continues
   * there; any other starts again.
   */
  readonly resume?: boolean;
  readonly signal?: AbortSignal;
  /** Called from time to time with the number of bytes that the store has. */
  readonly onProgress?: (sent: number) => void;
}

/** Options of a download. */
export interface DownloadOptions {
  /** Number of bytes to skip at the beginning. */
  readonly offset?: number;
  /** Maximum size of the whole file in bytes. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
}
