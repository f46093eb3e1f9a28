import { mkdtemp, readdir, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { FileServer, type FileServerOptions } from '../../src/file-server.ts';
import { httpServer } from './http-server.ts';

/** A file server on a port of loopback. */
export interface FileService {
  readonly server: FileServer;
  readonly folder: string;
  readonly origin: string;
  readonly port: number;
  /** Opens a port on which all clients have one address. */
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
  const opened: Server[] = [];
  const portFor = async (address: string): Promise<number> => {
    const http = httpServer(server, address);
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

/** A raw connection that has said something. */
export async function say(port: number, text: string | Uint8Array): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.write(text);
  return socket;
}

/** Names of all files that a file server has on disk, those of unfinished ones behind `parts/`. */
export async function onDisk(folder: string): Promise<readonly string[]> {
  const all = await readdir(folder, { recursive: true, withFileTypes: true });
  return all
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath, each.name).slice(folder.length + 1));
}
