import { createServer, type Server } from 'node:http';
import { RequestTurns, refuse } from '@dimp/file-server/http';
import type { FileServer } from '../../src/file-server.ts';

/** An HTTP server for a file server; all requests count as coming from one address. */
export function httpServer(files: FileServer, address: string = '127.0.0.1'): Server {
  const turns = new RequestTurns();
  return createServer((request, response) => {
    response.on('error', () => undefined);
    turns.take(request, response, async () => {
      const remote = { address, port: 1, secure: false };
      if (!(await files.handle(request, response, remote))) await refuse(request, response, 404);
    });
  });
}
