import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';

/** Headers of every answer: a browser must not display, run or frame it. */
const SAFE: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
  'Referrer-Policy': 'no-referrer',
};

/** Most bytes of an unwanted body that are read, so that a client that is still sending gets the answer. */
const MAX_DRAIN = 8 * 1024 * 1024;

/** Starts an answer with its status and {@link SAFE} headers. */
export function begin(
  response: ServerResponse,
  status: number,
  headers: OutgoingHttpHeaders = {},
): void {
  response.writeHead(status, { ...SAFE, ...headers });
}

/** Answers with an optional text. It must not contain anything from the request. */
export function answer(
  response: ServerResponse,
  status: number,
  text = '',
  headers: OutgoingHttpHeaders = {},
): void {
  const body = Buffer.from(text);
  const bare = status === 204 || status === 304;
  const kind = text === '' ? {} : { 'Content-Type': 'text/plain; charset=utf-8' };
  const length = bare ? {} : { 'Content-Length': body.length };
  begin(response, status, { ...kind, ...length, ...headers });
  response.end(body);
}

/** Answers with JSON. */
export function answerJson(response: ServerResponse, status: number, value: object): void {
  const headers = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' };
  answer(response, status, JSON.stringify(value), headers);
}

/**
 * Answers a request without using its body. The body is read and dropped for a while, because a client gets no answer
 * if the connection closes while it is sending. Then the connection is closed.
 */
export async function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  headers: OutgoingHttpHeaders = {},
  text = '',
): Promise<void> {
  if (request.complete || !hasBody(request)) return answer(response, status, text, headers);
  const body = Buffer.from(text);
  begin(response, status, { ...headers, 'Content-Length': body.length, Connection: 'close' });
  response.flushHeaders();
  if (body.length > 0) response.write(body);
  await drain(request);
  response.end();
}

async function drain(request: IncomingMessage): Promise<void> {
  let length = 0;
  try {
    for await (const piece of request.iterator({ destroyOnReturn: false })) {
      length += (piece as Uint8Array).length;
      if (length > MAX_DRAIN) return;
    }
  } catch {
    // The client has disconnected.
  }
}

function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}
