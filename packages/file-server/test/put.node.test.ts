import { readdir, readlink } from 'node:fs/promises';
import { httpBlobStore } from '@dimp/client/files';
import { ask, noise, until } from '@dimp/fixtures/http';
import { equalBytes } from '@dimp/foundation';
import { blobStoreCompliance } from '@dimp/testing/compliance';
import { describe, expect, test } from 'vitest';
import { type FileService, fileService, onDisk, say } from './support/file-service.ts';

describe('in one request', () => {
  blobStoreCompliance(test, {
    open: async () => httpBlobStore({ url: `${(await fileService()).origin}/f/` }),
    missing: (url) => `${url}-not`,
  });
});

describe('in parts', () => {
  blobStoreCompliance(test, {
    open: async () =>
      httpBlobStore({ url: `${(await fileService()).origin}/f/`, partBytes: 99_999 }),
    missing: (url) => `${url}-not`,
  });
});

test('any file is served as bytes to be saved', async () => {
  const service = await fileService();
  await ask(service, 'PUT', '/f/page.html', { body: Buffer.from('<script>alert(1)</script>') });
  const { headers, status } = await ask(service, 'GET', '/f/page.html');
  expect(status).toBe(200);
  expect(headers).toMatchObject({
    'content-type': 'application/octet-stream',
    'content-disposition': 'attachment',
    'x-content-type-options': 'nosniff',
    'access-control-allow-origin': '*',
  });
  expect(headers['content-security-policy']).toContain("default-src 'none'");
});

test('pages of any origin may upload files: the preflight allows that and no other method', async () => {
  const service = await fileService();
  const { headers, status } = await ask(service, 'OPTIONS', '/f/a.bin');
  expect(status).toBe(204);
  expect(headers['access-control-allow-methods']).toBe('GET, HEAD, PUT, OPTIONS');
  expect(headers['access-control-allow-headers']).toContain('Content-Range');
  const refused = await ask(service, 'DELETE', '/f/a.bin');
  expect([refused.status, refused.headers.allow]).toEqual([405, 'GET, HEAD, PUT, OPTIONS']);
});

test.each([
  '/f/../secret',
  '/f/..%2f..%2fetc%2fpasswd',
  '/f/%2e%2e',
  '/f/.hidden',
  '/f/a%00b',
  '/f/a%5cb',
  '/f/a/b',
  '/f/',
  '/f//a',
  '/f/%',
  `/f/${'a'.repeat(129)}`,
  '/files/00/aa',
  '/parts/aa',
  '//f/a',
])('%s is not the name of a file, neither for uploads nor for downloads', async (path) => {
  const service = await fileService();
  const body = noise(10);
  expect((await ask(service, 'PUT', path, { body })).status).toBe(404);
  expect((await ask(service, 'GET', path)).status).toBe(404);
  expect(await onDisk(service.folder)).toEqual([]);
});

test('names on disk are digests, and contain nothing that a client chose', async () => {
  const service = await fileService();
  await ask(service, 'PUT', '/f/CON.txt', { body: noise(10) });
  const [name = ''] = await onDisk(service.folder);
  expect(name).toMatch(/^files\/[0-9a-f]{2}\/[0-9a-f]{62}$/);
});

test('a finished file never changes: other bytes are refused, and the same bytes are accepted', async () => {
  const service = await fileService();
  const body = noise(200_000);
  expect((await ask(service, 'PUT', '/f/a', { body })).status).toBe(201);
  expect((await ask(service, 'PUT', '/f/a', { body })).status).toBe(200);
  const other = body.slice();
  other[199_999] = (other[199_999] ?? 0) ^ 1;
  expect((await ask(service, 'PUT', '/f/a', { body: other })).status).toBe(409);
  expect((await ask(service, 'PUT', '/f/a', { body: body.subarray(1) })).status).toBe(409);
  const part = { body: noise(10), headers: { 'Content-Range': 'bytes 0-9/200000' } };
  expect((await ask(service, 'PUT', '/f/a', part)).status).toBe(409);
  const same = { body: body.subarray(5, 15), headers: { 'Content-Range': 'bytes 5-14/200000' } };
  expect((await ask(service, 'PUT', '/f/a', same)).status).toBe(200);
  expect(equalBytes((await ask(service, 'GET', '/f/a')).body, body)).toBe(true);
  expect(service.server.state.bytes).toBe(200_000);
});

test('ranges are those of RFC 9110', async () => {
  const service = await fileService();
  const body = Buffer.from('0123456789');
  await ask(service, 'PUT', '/f/a', { body });
  const get = async (Range: string) => {
    const answer = await ask(service, 'GET', '/f/a', { headers: { Range } });
    return [answer.status, answer.body.toString(), answer.headers['content-range']];
  };
  expect(await get('bytes=3-')).toEqual([206, '3456789', 'bytes 3-9/10']);
  expect(await get('bytes=3-4')).toEqual([206, '34', 'bytes 3-4/10']);
  expect(await get('bytes=3-400')).toEqual([206, '3456789', 'bytes 3-9/10']);
  expect(await get('bytes=-4')).toEqual([206, '6789', 'bytes 6-9/10']);
  expect(await get('bytes=-400')).toEqual([206, '0123456789', 'bytes 0-9/10']);
  expect(await get('bytes=10-')).toEqual([416, '', 'bytes */10']);
  expect(await get('bytes=-0')).toEqual([416, '', 'bytes */10']);
  for (const whole of ['bytes=4-3', 'bytes=0-1,3-4', 'lines=1-2', 'bytes=-', 'bytes=a-b']) {
    expect(await get(whole)).toEqual([200, '0123456789', undefined]);
  }
});

test('a range of a file that has been replaced gets the whole file', async () => {
  const service = await fileService();
  await ask(service, 'PUT', '/f/a', { body: Buffer.from('0123456789') });
  const { etag = '' } = (await ask(service, 'HEAD', '/f/a')).headers;
  const get = (tag: string) =>
    ask(service, 'GET', '/f/a', { headers: { Range: 'bytes=8-', 'If-Range': tag } });
  expect((await get(etag)).body.toString()).toBe('89');
  expect((await get('"another"')).body.toString()).toBe('0123456789');
  const known = await ask(service, 'GET', '/f/a', { headers: { 'If-None-Match': etag } });
  expect([known.status, known.body.length]).toEqual([304, 0]);
});

test('HEAD returns the length of a finished file and the offset of an unfinished one, which cannot be downloaded', async () => {
  const service = await fileService();
  const body = noise(1000);
  const range = (start: number, end: number) => ({
    'Content-Range': `bytes ${start}-${end - 1}/1000`,
  });
  const part = { body: body.subarray(0, 400), headers: range(0, 400) };
  expect((await ask(service, 'PUT', '/f/a', part)).status).toBe(202);
  const head = await ask(service, 'HEAD', '/f/a');
  expect([head.status, head.headers['upload-offset']]).toEqual([200, '400']);
  expect((await ask(service, 'GET', '/f/a')).status).toBe(404);
  const gap = { body: body.subarray(500), headers: range(500, 1000) };
  const refused = await ask(service, 'PUT', '/f/a', gap);
  expect([refused.status, refused.headers['upload-offset']]).toEqual([416, '400']);
  const longer = { body: body.subarray(400), headers: { 'Content-Range': 'bytes 400-999/1001' } };
  expect((await ask(service, 'PUT', '/f/a', longer)).status).toBe(409);
  // Bytes that the server has may be sent again, because an answer may have been lost.
  const rest = { body: body.subarray(300), headers: range(300, 1000) };
  expect((await ask(service, 'PUT', '/f/a', rest)).status).toBe(201);
  const whole = await ask(service, 'GET', '/f/a');
  expect([whole.headers['content-length'], equalBytes(whole.body, body)]).toEqual(['1000', true]);
  expect(service.server.state.bytes).toBe(1000);
});

test.each([
  ['no range at all', 'lines 0-9/10'],
  ['a length that is not that of the body', 'bytes 0-10/20'],
  ['an end behind the total', 'bytes 0-9/9'],
  ['an unknown total', 'bytes 0-9/*'],
  ['numbers beyond all numbers', `bytes 0-9/${'9'.repeat(16)}`],
])('a Content-Range with %s is refused', async (_what, header) => {
  const service = await fileService();
  const put = { body: noise(10), headers: { 'Content-Range': header } };
  expect((await ask(service, 'PUT', '/f/a', put)).status).toBe(400);
  expect(await onDisk(service.folder)).toEqual([]);
});

test('a body of unknown length is refused', async () => {
  const service = await fileService();
  const socket = await say(
    service.port,
    'PUT /f/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  );
  const [answer] = await new Promise<[Buffer]>((resolve) =>
    socket.once('data', (data: Buffer) => resolve([data])),
  );
  expect(answer.toString()).toMatch(/^HTTP\/1.1 411 /);
});

test('bytes that arrived before a connection broke are kept, and the rest is appended', async () => {
  const service = await fileService();
  const body = noise(300_000);
  const socket = await say(
    service.port,
    'PUT /f/a HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n',
  );
  socket.write(body.subarray(0, 100_000));
  await until(() => service.server.state.bytes === 100_000);
  socket.destroy();
  await until(() => service.server.state.uploads === 0);
  const { headers } = await ask(service, 'HEAD', '/f/a');
  expect(headers['upload-offset']).toBe('100000');
  const rest = {
    body: body.subarray(100_000),
    headers: { 'Content-Range': 'bytes 100000-299999/300000' },
  };
  expect((await ask(service, 'PUT', '/f/a', rest)).status).toBe(201);
  expect(equalBytes((await ask(service, 'GET', '/f/a')).body, body)).toBe(true);
});

test('of two uploads of one name the newer one wins, without mixing them', async () => {
  const service = await fileService();
  const [first, second] = [noise(200_000), noise(200_000)];
  const socket = await say(
    service.port,
    'PUT /f/a HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n',
  );
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(first.subarray(0, 150_000));
  await until(() => service.server.state.bytes === 150_000);
  expect((await ask(service, 'PUT', '/f/a', { body: second })).status).toBe(201);
  await closed;
  expect(equalBytes((await ask(service, 'GET', '/f/a')).body, second)).toBe(true);
  expect(service.server.state).toEqual({ bytes: 200_000, uploads: 0 });
});

test('many uploads of one name at once end with the bytes of one of them', async () => {
  const service = await fileService();
  const bodies = Array.from({ length: 8 }, () => noise(100_000));
  const answers = await Promise.allSettled(
    bodies.map((body) => ask(service, 'PUT', '/f/a', { body })),
  );
  const stored = answers.flatMap((each, index) =>
    each.status === 'fulfilled' && each.value.status === 201 ? [index] : [],
  );
  expect(stored.length).toBe(1);
  const { body } = await ask(service, 'GET', '/f/a');
  expect(equalBytes(body, bodies[stored[0] ?? -1] ?? noise(1))).toBe(true);
  expect(service.server.state).toEqual({ bytes: 100_000, uploads: 0 });
  expect((await onDisk(service.folder)).length).toBe(1);
});

/** How many files of a service this process has open. */
async function openFiles({ folder }: FileService): Promise<number> {
  const links = (await readdir('/proc/self/fd')).map((fd) =>
    readlink(`/proc/self/fd/${fd}`).catch(() => ''),
  );
  return (await Promise.all(links)).filter((link) => link.startsWith(folder)).length;
}

test.skipIf(process.platform !== 'linux')(
  'a client that leaves in the middle of a download leaves no file open',
  async () => {
    const service = await fileService();
    await ask(service, 'PUT', '/f/a', { body: noise(20_000_000) });
    const sockets = [];
    for (let round = 0; round < 5; round++) {
      const socket = await say(service.port, 'GET /f/a HTTP/1.1\r\nHost: a\r\n\r\n');
      await new Promise((resolve) => socket.once('data', resolve));
      socket.pause();
      sockets.push(socket);
    }
    expect(await openFiles(service)).toBe(5);
    for (const socket of sockets) socket.destroy();
    await until(async () => (await openFiles(service)) === 0);
    expect((await ask(service, 'GET', '/f/a')).body.length).toBe(20_000_000);
  },
);

test('pipelined requests are answered one after the other, in order', async () => {
  const service = await fileService();
  for (const name of ['a', 'b', 'c']) {
    await ask(service, 'PUT', `/f/${name}`, { body: Buffer.from(`bytes of ${name}`) });
  }
  const socket = await say(
    service.port,
    ['a', 'b', 'c'].map((name) => `GET /f/${name} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''),
  );
  let text = '';
  socket.on('data', (data: Buffer) => {
    text += data.toString();
  });
  await until(() => text.includes('bytes of c'));
  expect(text.match(/bytes of ./g)).toEqual(['bytes of a', 'bytes of b', 'bytes of c']);
});

test.skipIf(process.platform !== 'linux')(
  'many requests at once hold no more than one file open, too many are refused, and nothing is left when the client has gone',
  async () => {
    const service = await fileService();
    await ask(service, 'PUT', '/f/a', { body: noise(20_000_000) });
    const get = 'GET /f/a HTTP/1.1\r\nHost: a\r\n\r\n';
    const few = await say(service.port, get.repeat(10));
    await new Promise((resolve) => few.once('data', resolve));
    few.pause();
    expect(await openFiles(service)).toBe(1);
    const many = await say(service.port, get.repeat(1000));
    await new Promise((resolve) => many.once('close', resolve).resume());
    few.destroy();
    await until(async () => (await openFiles(service)) === 0);
  },
);
