import { type DownloadOptions, systemTimers, type Timers } from '@dimp/core';
import { definedOnly, type MaybePromise, ProtocolError } from '@dimp/foundation';
import { publicFetch } from '#native/public-fetch';
import type { Fetch } from '../native/fetch.ts';
import { isPrivateHost } from '../native/private-address.ts';
import { PRIVATE, refusal, Watch } from './http-request.ts';

/** How a URL that a peer chose is fetched. */
export interface HttpDownloadOptions {
  /**
   * Whether a URL may be fetched. It comes from a peer, who may want to reach hosts that only you can, such as your router, the
   * services beside your program, or the machine itself.
   *
   * `true` allows it wherever it leads; `'public'` only to a public address, which in Node counts for what the name resolves to
   * as well. By default URLs of the server that one uploads to are allowed, and others if they are public. Only http and https
   * without a user name come here; redirections are not followed.
   */
  readonly allow?: (url: URL) => MaybePromise<boolean | 'public'>;
  /** Milliseconds without progress after which a connection counts as broken; 30,000 by default. */
  readonly timeout?: number;
  readonly timers?: Timers;
  /** The platform's by default. One of your own has to see to it itself that public names lead to public addresses. */
  readonly fetch?: Fetch;
}

/** {@link HttpDownloadOptions} with nothing left open. */
export interface HttpDownloads extends Required<HttpDownloadOptions> {
  /** Reaches public addresses only. */
  readonly publicFetch: Fetch;
}

/** Downloads by plain GET, from an offset by a range (RFC 9110 §14). Redirections are not followed. */
export async function* httpDownload(
  text: string,
  options: DownloadOptions,
  downloads: HttpDownloads,
): AsyncGenerator<Uint8Array> {
  const url = parseUrl(text);
  if (!isPlain(url)) throw notAllowed(url);
  const allowed = await downloads.allow(url);
  if (allowed !== true && (allowed !== 'public' || isPrivateHost(url.hostname))) {
    throw notAllowed(url);
  }
  const fetch = allowed === true ? downloads.fetch : downloads.publicFetch;
  const watch = new Watch(options.signal, downloads.timers, downloads.timeout);
  try {
    yield* received(url, options, fetch, watch);
  } finally {
    watch.close();
  }
}

async function* received(
  url: URL,
  { offset = 0, maxBytes = Number.POSITIVE_INFINITY }: DownloadOptions,
  fetch: Fetch,
  watch: Watch,
): AsyncGenerator<Uint8Array> {
  const headers: Record<string, string> = offset === 0 ? {} : { Range: `bytes=${offset}-` };
  const request = { ...PRIVATE, headers, signal: watch.signal };
  const response = await watch.step(fetch(url.href, request));
  const { start, total } = await rangeOf(response, offset);
  checkLength(response, start, maxBytes);
  if (response.body === null) return;
  let skip = offset - start;
  const reader = response.body.getReader();
  try {
    for (let received = start; ; ) {
      const { done, value } = await watch.step(reader.read());
      if (done && received < (total ?? 0)) throw cutShort(received, total);
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

/** Where in the file an answer begins, and how long the file is, as far as the server tells. */
interface AnsweredRange {
  readonly start: number;
  readonly total?: number;
}

/**
 * Which part of the file is in an answer. A server may answer a range with the whole file or with an earlier part (RFC 9110
 * §14.2), and some say 200 with a part: then what is not wanted is skipped. Less than the rest of the file is a part, too.
 */
async function rangeOf(response: Response, offset: number): Promise<AnsweredRange> {
  const { status, headers } = response;
  if (status !== 200 && (status !== 206 || offset === 0)) throw await refusal(response);
  const range = headers.get('Content-Range');
  if (status === 200 && range === null) return { start: 0 };
  const [, first, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(range ?? '') ?? [];
  const start = Number(first);
  if (first !== undefined && start <= offset) {
    return { start, ...(total === '*' ? {} : { total: Number(total) }) };
  }
  await response.body?.cancel();
  throw new ProtocolError('transport/protocol', 'server sent another part than it was asked for');
}

/** The rest is asked for at once: `retryable`. */
function cutShort(received: number, total: number | undefined): ProtocolError<'transport/closed'> {
  return new ProtocolError('transport/closed', 'server sent a part of the file only', {
    details: { received, ...definedOnly({ total }) },
  });
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

function notAllowed(url?: URL): ProtocolError<'transport/refused'> {
  return new ProtocolError(
    'transport/refused',
    'address of the file may not be fetched: it is not public, or not one of those that are allowed',
    { details: url === undefined ? {} : { host: url.host } },
  );
}

function tooLarge(max: number): ProtocolError<'format/limit'> {
  return new ProtocolError('format/limit', 'file is too large', {
    details: { limit: 'bytes', max },
  });
}

/**
 * Fills in what was left open.
 *
 * @param servers - URLs that the program itself was given, whose hosts it may always ask
 */
export function withDefaults(
  options: HttpDownloadOptions,
  servers: readonly (string | undefined)[],
): HttpDownloads {
  const known = new Set(servers.flatMap((url) => originOf(url)));
  return {
    allow: options.allow ?? (({ origin }) => (known.has(origin) ? true : 'public')),
    timeout: options.timeout ?? 30_000,
    timers: options.timers ?? systemTimers,
    // A method of another object would lose its `this`.
    fetch: options.fetch ?? ((url, init) => fetch(url, init)),
    publicFetch: options.fetch ?? publicFetch,
  };
}

/** Templates of URLs have placeholders, which do no harm behind the host. */
function originOf(url: string | undefined): readonly string[] {
  try {
    return url === undefined ? [] : [new URL(url).origin];
  } catch {
    return [];
  }
}
