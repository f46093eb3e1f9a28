import { type DownloadOptions, systemTimers, type Timers } from '@dimp/core';
import { definedOnly, type MaybePromise, ProtocolError } from '@dimp/foundation';
import { publicFetch } from '#native/public-fetch';
import type { Fetch } from '../native/fetch.ts';
import { isPrivateHost } from '../native/private-address.ts';
import { PRIVATE, refusal, Watch } from './http-request.ts';

/** Options for fetching a URL that a peer chose. */
export interface HttpDownloadOptions {
  /**
   * Whether a URL may be fetched. It comes from a peer, who may aim at hosts that only you can reach, such as your
   * router, services beside your program, or the machine itself.
   *
   * `true` allows every address. `'public'` allows only public addresses; in Node the addresses that a name resolves to
   * are checked as well. By default the server for uploads is allowed, and others if they are public. Other schemes
   * than http and https, and URLs with a user name, are always refused. Redirections are not followed.
   */
  readonly allow?: (url: URL) => MaybePromise<boolean | 'public'>;
  /** Milliseconds without progress after which a connection counts as broken; 30,000 by default. */
  readonly timeout?: number;
  readonly timers?: Timers;
  /** The platform's by default. Your own must check that public names resolve to public addresses. */
  readonly fetch?: Fetch;
}

/** {@link HttpDownloadOptions} with all defaults filled in. */
export interface HttpDownloads extends Required<HttpDownloadOptions> {
  /** Connects to public addresses only. */
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
    // Closes the connection also if the caller does not read the rest.
    await reader.cancel().catch(() => undefined);
  }
}

/** Where in the file an answer begins, and the length of the file, if the server gives it. */
interface AnsweredRange {
  readonly start: number;
  readonly total?: number;
}

/**
 * Finds which part of the file an answer holds. A server may answer a range with the whole file or with an earlier part
 * (RFC 9110 §14.2), and some send 200 with a part: then the bytes before the requested offset are skipped. The part may
 * end before the file does.
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
  throw new ProtocolError('transport/protocol', 'the server sent another part than was requested');
}

/** It is `retryable`: the rest is requested at once. */
function cutShort(received: number, total: number | undefined): ProtocolError<'transport/closed'> {
  return new ProtocolError('transport/closed', 'the server sent only a part of the file', {
    details: { received, ...definedOnly({ total }) },
  });
}

/**
 * Refuses an announced length above the limit before reading. The length of a compressed answer is not that of the
 * file.
 */
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
    'the URL of the file must be public, or be allowed by the option allow',
    { details: url === undefined ? {} : { host: url.host } },
  );
}

function tooLarge(max: number): ProtocolError<'format/limit'> {
  return new ProtocolError('format/limit', 'the file is too large', {
    details: { limit: 'bytes', max },
  });
}

/**
 * Fills in the defaults.
 *
 * @param servers - URLs from the program's configuration, whose hosts are always allowed
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

/** URL templates have placeholders behind the host, which do not matter here. */
function originOf(url: string | undefined): readonly string[] {
  try {
    return url === undefined ? [] : [new URL(url).origin];
  } catch {
    return [];
  }
}
