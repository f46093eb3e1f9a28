import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RemoteAddress } from '@dimp/core/transport';
import type { FileServer } from '@dimp/file-server';
import { answer, answerJson, bearerMatches, RequestTurns, refuse } from '@dimp/file-server/http';
import type { MaybePromise } from '@dimp/foundation';
import { isLoopback, namesLoopback } from './loopback.ts';

/** Answers HTTP requests; the listener calls it. */
export type HttpHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  remote: RemoteAddress,
) => void;

/** Options for {@link httpHandler}. */
export interface HttpHandlerOptions {
  /** Health report of the station; only `ok` is sent. */
  readonly health: () => MaybePromise<{ readonly ok: boolean }>;
  /** Metrics for `/metrics`; without it the path does not exist. */
  readonly metrics?: MetricsSource;
  /**
   * Who may read metrics: programs on this machine, which must use `localhost` or its address (by default); any client;
   * or clients with the bearer token.
   */
  readonly metricsAccess?: 'loopback' | 'anyone' | { readonly token: string };
  /** The file server; without it there are no files. */
  readonly files?: Pick<FileServer, 'handle'>;
}

/** Metrics as text, such as those of `PrometheusMetrics`. */
export interface MetricsSource {
  readonly contentType: string;
  /** @returns all metrics in the format of {@link contentType} */
  text(): Promise<string>;
}

/**
 * Serves `GET /health` (200, or 503 if the station is not healthy), `GET /metrics`, and files.
 *
 * @throws `RangeError` for a token that is too short
 *
 * @example
 * ```ts
 * const http = httpHandler({ health: () => ({ ok: true }) });
 * ```
 */
export function httpHandler(options: HttpHandlerOptions): HttpHandler {
  const { metricsAccess: access } = options;
  if (typeof access === 'object' && access.token.length < 16) {
    throw new RangeError('metricsAccess.token must have at least 16 characters');
  }
  const turns = new RequestTurns();
  return (request, response, remote) => {
    // Errors that a client causes on its connection are not failures of the program.
    response.on('error', ignore);
    turns.take(request, response, () => handle(options, request, response, remote));
  };
}

async function handle(
  { files, health, metrics, metricsAccess = 'loopback' }: HttpHandlerOptions,
  request: IncomingMessage,
  response: ServerResponse,
  remote: RemoteAddress,
): Promise<void> {
  const [path] = (request.url ?? '').split('?', 1);
  if (path === '/health') {
    if (!isReading(request)) return notAllowed(request, response);
    const ok = await isWell(health);
    return answerJson(response, ok ? 200 : 503, { ok });
  }
  if (path === '/metrics' && metrics !== undefined) {
    if (!isReading(request)) return notAllowed(request, response);
    if (!mayRead(metricsAccess, request, remote)) {
      const challenge = typeof metricsAccess === 'object' ? { 'WWW-Authenticate': 'Bearer' } : {};
      return answer(response, typeof metricsAccess === 'object' ? 401 : 403, '', challenge);
    }
    const text = await metrics.text();
    const headers = { 'Content-Type': metrics.contentType, 'Cache-Control': 'no-store' };
    return answer(response, 200, text, headers);
  }
  if (await files?.handle(request, response, remote)) return;
  await refuse(request, response, 404);
}

async function isWell(health: HttpHandlerOptions['health']): Promise<boolean> {
  try {
    return (await health()).ok;
  } catch {
    return false;
  }
}

function mayRead(
  access: NonNullable<HttpHandlerOptions['metricsAccess']>,
  { headers }: IncomingMessage,
  { address }: RemoteAddress,
): boolean {
  if (access === 'anyone') return true;
  if (access === 'loopback') {
    const isDirect = isLoopback(address) && headers['x-forwarded-for'] === undefined;
    return isDirect && namesLoopback(headers.host);
  }
  return bearerMatches(headers.authorization, access.token);
}

function isReading({ method }: IncomingMessage): boolean {
  return method === 'GET' || method === 'HEAD';
}

function notAllowed(request: IncomingMessage, response: ServerResponse): Promise<void> {
  return refuse(request, response, 405, { Allow: 'GET, HEAD' });
}

function ignore(): void {}
