import type { MaybePromise } from '@dimp/foundation';

/** Bytes that are read piece by piece, in any order and again if need be. */
export interface BlobSource {
  /** Length in bytes. */
  readonly size: number;
  /**
   * The bytes from `start` up to, but not with, `end`. They are the same each time.
   *
   * @param end - at most {@link BlobSource.size}
   */
  read(start: number, end: number): MaybePromise<Uint8Array>;
}

/**
 * Where encrypted files are uploaded to and downloaded from (spec §13). It never sees a plaintext.
 *
 * A driver tries once: who uses it tries again after an error that is `retryable`, and resumes.
 */
export interface BlobStore {
  /**
   * Uploads bytes, without holding more than a part of them.
   *
   * @returns URL of the uploaded bytes
   * @throws `transport/closed` and `transport/timeout` if the connection broke; `transport/refused`,
   *   `policy/unauthorized` and `store/quota` if the server does not want them; the reason of `signal`
   */
  upload(source: BlobSource, options: UploadOptions): Promise<string>;
  /**
   * Downloads bytes. Leaving the loop ends the transfer.
   *
   * @throws `identity/not-found` if there is nothing; `format/limit` above `maxBytes`; `transport/closed` and
   *   `transport/timeout` if the connection broke before the end; `transport/refused` for a URL that this store does not
   *   fetch; the reason of `signal`
   */
  download(url: string, options?: DownloadOptions): AsyncIterable<Uint8Array>;
}

/** Options of an upload. */
export interface UploadOptions {
  /** Name on the server, random and without a path; the URL usually ends with it. Never the plaintext's name. */
  readonly name: string;
  /**
   * An earlier upload of the same bytes by the same name has failed. A store that can tell how far it got goes on from
   * there; any other starts anew.
   */
  readonly resume?: boolean;
  readonly signal?: AbortSignal;
  /** Told now and then how many bytes the store has. */
  readonly onProgress?: (sent: number) => void;
}

/** Options of a download. */
export interface DownloadOptions {
  /** Bytes to leave out at the beginning. */
  readonly offset?: number;
  /** Largest file that is accepted, in bytes, counted from its beginning. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
}
