import type { BlobSource, BlobStore, UploadOptions } from '@dimp/core';
import { type MaybePromise, ProtocolError } from '@dimp/foundation';
import {
  type HttpDownloadOptions,
  type HttpDownloads,
  httpDownload,
  withDefaults,
} from './http-download.ts';
import { PRIVATE, refusal, Watch } from './http-request.ts';

/** Options for {@link httpBlobStore}. */
export interface HttpBlobStoreOptions extends HttpDownloadOptions {
  /** Folder that files are put into, such as `https://files.example.org/f/`. */
  readonly url: string;
  /** Headers of uploads, such as an authorization. Downloads never carry them, because a peer chose their URL. */
  readonly headers?: () => MaybePromise<Readonly<Record<string, string>>>;
  /** Limit on the bytes of one request; a longer file is sent in parts. 4 MiB by default. */
  readonly partBytes?: number;
}

const PART_BYTES = 4 * 1024 * 1024;
/** Bytes per millisecond below which a connection counts as broken. */
const SLOWEST = 16;

/**
 * Stores files on an HTTP server, by plain PUT and GET.
 *
 * A file of one part is one PUT. A longer one is sent in parts, each a PUT with `Content-Range: bytes a-b/total` (RFC
 * 9110 §14.5); after a failure HEAD returns how much the server has, by `Upload-Offset`, or else by `Content-Length`.
 *
 * @throws `RangeError` for a folder that is not an http or https URL
 *
 * @example
 * ```ts
 * const blobs = httpBlobStore({ url: 'https://files.example.org/f/' });
 * ```
 */
export function httpBlobStore(options: HttpBlobStoreOptions): BlobStore {
  const { headers = () => ({}), partBytes = PART_BYTES, url } = options;
  const folder = new URL(url.endsWith('/') ? url : `${url}/`);
  if (!/^https?:$/.test(folder.protocol)) throw new RangeError('url must be an http or https URL');
  if (!(partBytes > 0)) throw new RangeError('partBytes must be at least 1');
  const downloads = withDefaults(options, [url]);
  return {
    async upload(source, transfer) {
      const target = new URL(encodeURIComponent(transfer.name), folder).href;
      const put = new HttpUpload(target, source, transfer, { ...downloads, headers });
      return put.run(partBytes);
    },
    download: (from, transfer = {}) => httpDownload(from, transfer, downloads),
  };
}

interface HttpUploads extends HttpDownloads {
  readonly headers: () => MaybePromise<Readonly<Record<string, string>>>;
}

/** One attempt to upload one file. */
class HttpUpload {
  readonly #url: string;
  readonly #source: BlobSource;
  readonly #transfer: UploadOptions;
  readonly #http: HttpUploads;

  constructor(url: string, source: BlobSource, transfer: UploadOptions, http: HttpUploads) {
    this.#url = url;
    this.#source = source;
    this.#transfer = transfer;
    this.#http = http;
  }

  async run(partBytes: number): Promise<string> {
    const { size } = this.#source;
    const { resume = false, onProgress } = this.#transfer;
    let sent = resume ? await this.#stored() : 0;
    if (sent > 0) onProgress?.(sent);
    const parts = sent > 0 || size > partBytes;
    if (size === 0) await this.#put(0, 0, false);
    while (sent < size) {
      const end = Math.min(sent + partBytes, size);
      await this.#put(sent, end, parts);
      sent = end;
      onProgress?.(sent);
    }
    // A server without ranges would have kept only the last part.
    if (parts && (await this.#stored()) !== size) {
      throw new ProtocolError('transport/refused', 'the server does not join parts');
    }
    return this.#url;
  }

  async #put(start: number, end: number, isPart: boolean): Promise<void> {
    const { size } = this.#source;
    const body = (await this.#source.read(start, end)) as Uint8Array<ArrayBuffer>;
    const range = { 'Content-Range': `bytes ${start}-${end - 1}/${size}` };
    const response = await this.#request('PUT', {
      body,
      headers: { 'Content-Type': 'application/octet-stream', ...(isPart ? range : {}) },
    });
    if (!response.ok) throw await refusal(response);
    await response.body?.cancel();
  }

  /** @returns how many bytes the server has */
  async #stored(): Promise<number> {
    const response = await this.#request('HEAD', { headers: {} });
    await response.body?.cancel();
    if (response.status === 404) return 0;
    if (!response.ok) throw await refusal(response);
    const { headers } = response;
    const stored = Number(headers.get('Upload-Offset') ?? headers.get('Content-Length') ?? 0);
    if (Number.isSafeInteger(stored) && stored >= 0 && stored <= this.#source.size) return stored;
    throw new ProtocolError('transport/protocol', 'the server has more than it was sent');
  }

  async #request(
    method: string,
    init: {
      readonly headers: Readonly<Record<string, string>>;
      readonly body?: Uint8Array<ArrayBuffer>;
    },
  ): Promise<Response> {
    const { fetch, headers, timers, timeout } = this.#http;
    // It is not known how much of a body has left, so the time allows for slow connections.
    const patience = timeout + (init.body?.length ?? 0) / SLOWEST;
    const watch = new Watch(this.#transfer.signal, timers, patience);
    try {
      const request = {
        ...PRIVATE,
        ...init,
        method,
        headers: { ...(await headers()), ...init.headers },
        signal: watch.signal,
      };
      // Awaited here, because the timeout ends with this function.
      return await watch.step(fetch(this.#url, request));
    } finally {
      watch.close();
    }
  }
}
