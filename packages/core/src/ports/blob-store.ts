import type { MaybePromise } from '@dimp/foundation';

/** Where encrypted files are uploaded to and downloaded from. It never sees a plaintext. */
export interface BlobStore {
  /**
   * @returns URL of the uploaded bytes
   * @throws `transport/refused`, `transport/closed`, `store/quota`
   */
  upload(bytes: Uint8Array, options?: BlobOptions): MaybePromise<string>;
  /**
   * @throws `identity/not-found` if there is nothing, `format/limit` above `maxBytes`, `transport/closed`
   */
  download(url: string, options?: BlobOptions): MaybePromise<Uint8Array>;
}

/** Options of one transfer. */
export interface BlobOptions {
  readonly signal?: AbortSignal;
  /** Largest file accepted, in bytes. */
  readonly maxBytes?: number;
  /** Name that ends the URL; never the plaintext's name. */
  readonly filename?: string;
}
