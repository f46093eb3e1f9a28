import { type DownloadOptions, systemTimers, type Timers } from '@dimp/core';
import { type MaybePromise, ProtocolError } from '@dimp/foundation';
import { type Fetch, PRIVATE, refusal, Watch } from './http-request.ts';

/** How a URL that a peer chose is fetched. */
export interface HttpDownloadOptions {
  /**
   * Whether a URL may be fetched. It comes from a peer, who may want to reach hosts that only you can: programs that run
   * next to internal services should allow the file servers they know, and nothing else. By default every http and https
   * URL without a user name may be.
   */
  readonly allow?: (url: URL) => MaybePromise<boolean>;
  /** Milliseconds without progress after which a connection counts as broken; 30,000 by default. */
  readonly timeout?: number;
  readonly timers?: Timers;
  /** The platform's by default. */
  readonly fetch?: Fetch;
}

/** {@link HttpDownloadOptions} with nothing left open. */
export type HttpDownloads = Required<HttpDownloadOptions>;

/** Downloads by plain GET, from an offset by a range (RFC 9110 §14). Redirections are not followed. */
export async function* httpDownload(
  text: string,
  options: DownloadOptions,
  downloads: HttpDownloads,
): AsyncGenerator<Uint8Array> {
  const url = parseUrl(text);
  if (!isPlain(url) || !(await downloads.allow(url))) throw notAllowed();
  const watch = new Watch(options.signal, downloads.timers, downloads.timeout);
  try {
    yield* received(url, options, downloads, watch);
  } finally {
    watch.close();
  }
}

async function* received(
  url: URL,
  { offset = 0, maxBytes = Number.POSITIVE_INFINITY }: DownloadOptions,
  { fetch }: HttpDownloads,
  watch: Watch,
): AsyncGenerator<Uint8Array> {
  const headers: Record<string, string> = offset === 0 ? {} : { Range: `bytes=${offset}-` };
  const request = { ...PRIVATE, headers, signal: watch.signal };
  const response = await watch.step(fetch(url.href, request));
  let skip = await beginning(response, offset);
  checkLength(response, skip === 0 ? offset : 0, maxBytes);
  if (response.body === null) return;
  const reader = response.body.getReader();
  try {
    for (let received = offset - skip; ; ) {
      const { done, value } = await watch.step(reader.read());
      if (done) return;
      received += value.length;
      if (received > maxBytes) throw tooLarge(maxBytes);
      const wanted = value.subarray(Math.min(skip, value.length));
      skip -= value.length - wanted.length;
      if (wanted.length > 0) yield wanted;
    }
  } finally {
    // Also when nobody wants the rest: the connection is not to stay open for it.
    await reader.cancel().catch(() => undefined);
  }
}

/** @returns how many bytes have to be skipped: servers may answer a range with the whole (RFC 9110 §14.2) */
async function beginning(response: Response, offset: number): Promise<number> {
  if (response.status === 200) return offset;
  if (response.status !== 206 || offset === 0) throw await refusal(response);
  const [, start] =
    /^bytes (\d+)-\d+\/(?:\d+|\*)$/.exec(response.headers.get('Content-Range') ?? '') ?? [];
  if (Number(start) === offset) return 0;
  await response.body?.cancel();
  throw new ProtocolError('transport/protocol', 'server sent another part than it was asked for');
}

/** What is announced to be too large is not begun. The length of a compressed answer is not that of the file. */
function checkLength({ headers }: Response, offset: number, maxBytes: number): void {
  const length = headers.get('Content-Length');
  if (length === null || headers.has('Content-Encoding')) return;
  if (offset + Number(length) > maxBytes) throw tooLarge(maxBytes);
}

function isPlain({ protocol, username, password }: URL): boolean {
  return (protocol === 'https:' || protocol === 'http:') && username === '' && password === '';
}

function parseUrl(text: string): URL {
  try {
    return new URL(text);
  } catch {
    throw notAllowed();
  }
}

function notAllowed(): ProtocolError<'transport/refused'> {
  return new ProtocolError('transport/refused', 'address of the file may not be fetched');
}

function tooLarge(max: number): ProtocolError<'format/limit'> {
  return new ProtocolError('format/limit', 'file is too large', {
    details: { limit: 'bytes', max },
  });
}

/** Fills in what was left open. */
export function withDefaults(options: HttpDownloadOptions): HttpDownloads {
  return {
    allow: options.allow ?? (() => true),
    timeout: options.timeout ?? 30_000,
    timers: options.timers ?? systemTimers,
    // A method of another object would lose its `this`.
    fetch: options.fetch ?? ((url, init) => fetch(url, init)),
  };
}
