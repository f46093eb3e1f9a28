import { mkdtemp, readdir, rm } from 'node:fs/promises';
import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type Server,
} from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from '@dimp/foundation';
import { onTestFinished } from 'vitest';
import { FileServer, type FileServerOptions } from '../../src/node/files/file-server.ts';
import { httpHandler } from '../../src/node/http/http-handler.ts';

/** A file server on a port of loopback. */
export interface FileService {
  readonly server: FileServer;
  readonly folder: string;
  readonly origin: string;
  readonly port: number;
  /** Opens a port over which everybody comes from one address. */
  portFor(address: string): Promise<number>;
  close(): Promise<void>;
}

/** Opens a file server whose folder is new unless one is given. Free space is not looked at unless told to. */
export async function fileService(options: Partial<FileServerOptions> = {}): Promise<FileService> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'station-files-')));
  if (options.folder === undefined) {
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
  }
  const limits = { minFreeBytes: 0, ...options.limits };
  const server = await FileServer.open({ ...options, folder, limits });
  const handle = httpHandler({ health: () => ({ ok: true }), files: server });
  const opened: Server[] = [];
  const portFor = async (address: string): Promise<number> => {
    const http = createServer((request, response) =>
      handle(request, response, { address, port: 1, secure: false }),
    );
    opened.push(http);
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    return (http.address() as AddressInfo).port;
  };
  const port = await portFor('127.0.0.1');
  let closing: Promise<unknown> | undefined;
  const close = async (): Promise<void> => {
    closing ??= Promise.all(
      opened.map(
        (http) =>
          new Promise<void>((resolve) => {
            http.close(() => resolve());
            http.closeAllConnections();
          }),
      ),
    ).then(() => server[Symbol.asyncDispose]());
    await closing;
  };
  onTestFinished(close);
  return { server, folder, origin: `http://127.0.0.1:${port}`, port, portFor, close };
}

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Sends a request whose path is not touched, as `fetch` would. */
export function ask(
  { port }: Pick<FileService, 'port'>,
  method: string,
  path: string,
  { headers = {}, body }: { headers?: Record<string, string | number>; body?: Uint8Array } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'Content-Length': body.length };
    const options = { host: '127.0.0.1', port, method, path, headers: { ...length, ...headers } };
    const request = httpRequest({ ...options, agent: false }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('end', () => {
        const { statusCode = 0 } = response;
        resolve({ status: statusCode, headers: response.headers, body: Buffer.concat(pieces) });
      });
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** A raw connection that has said something. */
export async function say(port: number, text: string | Uint8Array): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.write(text);
  return socket;
}

/** Waits until something is so. */
export async function until(isSo: () => unknown, patience = 5000): Promise<void> {
  const end = Date.now() + patience;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error('it did not come to that');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Names of all files that a file server has on disk, those of unfinished ones behind `parts/`. */
export async function onDisk(folder: string): Promise<readonly string[]> {
  const all = await readdir(folder, { recursive: true, withFileTypes: true });
  return all
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath, each.name).slice(folder.length + 1));
}

/** Bytes that look random. */
export function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let start = 0; start < length; start += 65_536) {
    bytes.set(randomBytes(Math.min(65_536, length - start)), start);
  }
  return bytes;
}
