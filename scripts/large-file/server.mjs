// A file server on loopback that stores files in a folder. It supports PUT of parts, HEAD, and GET of ranges.
import { createReadStream, createWriteStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

const [folder = ''] = process.argv.slice(2);

const server = createServer(async (request, response) => {
  const name = /^\/([0-9a-z.]+)$/.exec(request.url ?? '')?.[1];
  if (name === undefined) return void response.writeHead(400).end();
  const path = join(folder, name);
  if (request.method === 'PUT') {
    const start = Number(/^bytes (\d+)-/.exec(request.headers['content-range'] ?? '')?.[1] ?? 0);
    await pipeline(request, createWriteStream(path, { flags: start === 0 ? 'w' : 'r+', start }));
    return void response.writeHead(201).end();
  }
  if (!existsSync(path)) return void response.writeHead(404).end();
  const { size } = statSync(path);
  if (request.method === 'HEAD') {
    return void response.writeHead(200, { 'content-length': size }).end();
  }
  response.writeHead(200, { 'content-length': size });
  // The client may disconnect at any time.
  await pipeline(createReadStream(path), response).catch(() => undefined);
});

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') {
    console.log(`http://127.0.0.1:${address.port}/`);
  }
});
