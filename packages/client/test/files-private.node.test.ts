import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { httpBlobStore } from '../src/files.ts';

let server: Server;
let other: string;
let asked = 0;

beforeAll(async () => {
  server = createServer((_, response) => {
    asked += 1;
    response.end('secret');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  other = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function read(url: string, options = {}): Promise<string> {
  const blobs = httpBlobStore({ url: 'https://files.example.org/', ...options });
  let text = '';
  for await (const bytes of blobs.download(url)) text += new TextDecoder().decode(bytes);
  return text;
}

test('a URL that a peer chose reaches no host of the private network, and nothing is sent there', async () => {
  const { port } = new URL(other);
  for (const host of ['127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '2130706433']) {
    await expect(read(`http://${host}:${port}/`)).rejects.toMatchObject({
      code: 'transport/refused',
    });
  }
  expect(asked).toBe(0);
});

test('a public name that resolves to a private address is refused before anything is sent', async () => {
  const { publicFetch } = await import('../src/native/public-fetch.node.ts');
  // `localhost` stands for any name: what counts here is what it resolves to.
  const reading = publicFetch(other.replace('127.0.0.1', 'localhost'), {});
  await expect(reading).rejects.toMatchObject({ code: 'transport/refused' });
  expect(asked).toBe(0);
});

test('the server that one uploads to, and hosts that are allowed, may be private', async () => {
  expect(await read(other, { url: other })).toBe('secret');
  expect(await read(other, { allow: ({ host }: URL) => host === new URL(other).host })).toBe(
    'secret',
  );
  for (const answer of [false, 'public', undefined, 1]) {
    await expect(read(other, { allow: () => answer })).rejects.toMatchObject({
      code: 'transport/refused',
    });
  }
});
