/** A file server in a process of its own, for a test that kills it: says its port, and serves until then. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FileServer } from '../src/node/files/file-server.ts';
import { httpHandler } from '../src/node/http/http-handler.ts';

const files = await FileServer.open({
  folder: process.argv[2] ?? '',
  limits: { minFreeBytes: 0, addressBytesPerDay: 1e12 },
});
const handle = httpHandler({ health: () => ({ ok: true }), files });
const server = createServer((request, response) =>
  handle(request, response, { address: '127.0.0.1', port: 1, secure: false }),
);
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
