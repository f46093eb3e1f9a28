import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { concatBytes } from '@dimp/foundation';

/** A file server on loopback that does what file servers should, until it is told otherwise. */
export interface FileServer extends AsyncDisposable {
  readonly url: string;
  /** What it has stored, by path. */
  readonly files: Map<string, Uint8Array>;
  /** Method, path and range of each request. */
  readonly requests: string[];
  /** Answers a request in another way; true if it did. */
  fault: (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;
  /** Connections that are open. */
  connections(): Promise<number>;
}

export async function fileServer(): Promise<FileServer> {
  const files = new Map<string, Uint8Array>();
  const totals = new Map<string, number>();
  const requests: string[] = [];
  const server = createServer(async (request, response) => {
    const { method = '', url = '', headers } = request;
    const range = headers['content-range'] ?? headers.range;
    requests.push([method, range].filter((each) => each !== undefined).join(' '));
    if (await handle.fault(request, response)) return;
    const file = files.get(url);
    if (method === 'PUT') {
      await put(request, response, url);
    } else if (file === undefined) {
      response.writeHead(404).end();
    } else if (method === 'HEAD') {
      const complete = totals.get(url) === file.length;
      response.writeHead(
        200,
        complete ? { 'content-length': file.length } : { 'upload-offset': file.length },
      );
      response.end();
    } else {
      get(request, response, file);
    }
  });
  const put = async (
    request: IncomingMessage,
    response: ServerResponse,
    url: string,
  ): Promise<void> => {
    const [, start = '0', , total] =
      /^bytes (\d+)-(\d+)\/(\d+)$/.exec(request.headers['content-range'] ?? '') ?? [];
    const before = (files.get(url) ?? new Uint8Array()).subarray(0, Number(start));
    if (before.length < Number(start)) return void response.writeHead(416).end();
    // What has come before a connection broke is kept.
    const pieces = [before];
    const keep = (): void => void files.set(url, concatBytes(...pieces));
    totals.set(url, total === undefined ? -1 : Number(total));
    try {
      for await (const piece of request) pieces.push(piece as Uint8Array);
    } catch {
      return keep();
    }
    keep();
    if (total === undefined) totals.set(url, files.get(url)?.length ?? 0);
    response.writeHead(201).end();
  };
  const handle: FileServer = {
    url: '',
    files,
    requests,
    fault: () => false,
    connections: () =>
      new Promise((resolve, reject) =>
        server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
      ),
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(handle, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
  });
}

function get(request: IncomingMessage, response: ServerResponse, file: Uint8Array): void {
  const [, start] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? [];
  if (start === undefined) {
    response.writeHead(200, { 'content-length': file.length }).end(file);
    return;
  }
  const rest = file.subarray(Number(start));
  if (rest.length === 0) return void response.writeHead(416).end();
  const range = `bytes ${start}-${file.length - 1}/${file.length}`;
  response.writeHead(206, { 'content-length': rest.length, 'content-range': range }).end(rest);
}
