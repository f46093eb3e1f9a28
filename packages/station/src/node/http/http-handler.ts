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

/** What {@link httpHandler} serves. */
export interface HttpHandlerOptions {
  /** Whether the station does its work; only `ok` is told to the world. */
  readonly health: () => MaybePromise<{ readonly ok: boolean }>;
  /** What stands at `/metrics`; nothing does without it. */
  readonly metrics?: MetricsSource;
  /**
   * Who may read metrics: programs on this machine (by default), who have to ask for `localhost` or its address;
   * everybody; or who has the bearer token.
   */
  readonly metricsAccess?: 'loopback' | 'anyone' | { readonly token: string };
  /** Answers the paths of files; without it there are none. */
  readonly files?: Pick<FileServer, 'handle'>;
}

/** Metrics as text, such as those of `PrometheusMetrics`. */
export interface MetricsSource {
  readonly contentType: string;
  /** @returns all metrics in the format of {@link contentType} */
  text(): Promise<string>;
}

/**
 * Serves `GET /health` (200, or 503 if the station is not well), `GET /metrics`, and files.
 *
 * @throws `RangeError` for a token that is too short to be secret
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
    // What a client does to its connection is no fault of the program.
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
