/** A file server in a process of its own, for a test that kills it: says its port, and serves until then. */
import type { AddressInfo } from 'node:net';
import { FileServer } from '../src/file-server.ts';
import { httpServer } from './support/http-server.ts';

const files = await FileServer.open({
  folder: process.argv[2] ?? '',
  limits: { minFreeBytes: 0, addressBytesPerDay: 1e12 },
});
const server = httpServer(files);
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
