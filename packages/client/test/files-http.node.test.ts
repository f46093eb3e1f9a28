import { createDecipheriv } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Timers } from '@dimp/core';
import { concatBytes, decodeTed } from '@dimp/foundation';
import { blobStoreCompliance } from '@dimp/testing/compliance';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { downloadFile, httpBlobStore, uploadFile } from '../src/files.ts';
import { type FileServer, fileServer } from './file-server.node.ts';
import { expectSame, hurried, noise } from './file-stores.ts';

let server: FileServer;
beforeAll(async () => {
  server = await fileServer();
});
afterEach(() => {
  server.fault = () => false;
  server.requests.length = 0;
});
afterAll(() => server[Symbol.asyncDispose]());

const store = (options = {}) => httpBlobStore({ url: server.url, partBytes: 100_000, ...options });

describe('in one request', () => {
  blobStoreCompliance(test, {
    open: () => store({ partBytes: 10_000_000 }),
    missing: (url) => `${url}-not`,
  });
});

describe('in parts', () => {
  blobStoreCompliance(test, { open: () => store(), missing: (url) => `${url}-not` });
});

test('a whole file on the server is AES-CBC as OpenSSL reads it', async () => {
  const bytes = noise(300_000);
  const { URL: url, key, IV } = await uploadFile(store(), bytes, { format: 'whole' });
  const stored = server.files.get(new URL(url).pathname);
  const secret = decodeTed(key['data'] as string);
  if (!stored || !secret || !IV) expect.unreachable();
  const cipher = createDecipheriv('aes-256-cbc', secret, IV);
  expectSame(concatBytes(cipher.update(stored), cipher.final()), bytes);
});

test('an upload whose connection breaks again and again goes on where it was', async () => {
  const bytes = noise(1_000_000);
  let breaks = 0;
  server.fault = async (request) => {
    if (request.method !== 'PUT' || breaks >= 5) return false;
    const { socket } = request;
    for await (const piece of request) {
      // Some of the part has come, and is lost.
      if (piece.length > 0) break;
    }
    breaks += 1;
    socket.destroy();
    return true;
  };
  const uploaded = await uploadFile(store(), bytes, { format: 'stream', timers: hurried });
  expect(breaks).toBe(5);
  expectSame(await downloadFile(store(), uploaded).bytes(), bytes);
});

test('a download whose connection breaks again and again goes on by ranges', async () => {
  const bytes = noise(2_000_000);
  const uploaded = await uploadFile(store(), bytes, { format: 'stream' });
  let breaks = 0;
  server.fault = (request, response) => {
    if (breaks >= 5) return false;
    breaks += 1;
    const file = server.files.get(request.url ?? '') ?? noise(0);
    const start = Number(/=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const rest = file.subarray(start);
    const range = { 'content-range': `bytes ${start}-${file.length - 1}/${file.length}` };
    response.writeHead(start === 0 ? 200 : 206, {
      'content-length': rest.length,
      ...(start === 0 ? {} : range),
    });
    response.write(rest.subarray(0, 300_000), () => request.socket.destroy());
    return true;
  };
  expectSame(await downloadFile(store(), uploaded, { timers: hurried }).bytes(), bytes);
  const frame = 256 * 1024 + 16;
  const ranges = server.requests.filter((each) => each.startsWith('GET bytes='));
  expect(ranges.slice(0, 3)).toEqual([1, 2, 3].map((index) => `GET bytes=${index * frame}-`));
});

test('a server that answers a range with the whole file is put up with', async () => {
  const bytes = noise(700_000);
  const uploaded = await uploadFile(store(), bytes, { format: 'stream' });
  let first = true;
  server.fault = (request, response) => {
    const file = server.files.get(request.url ?? '') ?? noise(0);
    response.writeHead(200, { 'content-length': file.length });
    if (first) response.write(file.subarray(0, 400_000), () => request.socket.destroy());
    else response.end(file);
    first = false;
    return true;
  };
  expectSame(await downloadFile(store(), uploaded, { timers: hurried }).bytes(), bytes);
});

test('a server that answers with another range is not', async () => {
  const uploaded = await uploadFile(store(), noise(700_000), { format: 'stream' });
  server.fault = (request, response) => {
    const file = server.files.get(request.url ?? '') ?? noise(0);
    const range = { 'content-range': `bytes 15-${file.length - 1}/${file.length}` };
    response.writeHead(206, range).end(file.subarray(15));
    return true;
  };
  const reading = store().download(uploaded.URL, { offset: 9 });
  await expect(collect(reading)).rejects.toMatchObject({ code: 'transport/protocol' });
  await expect(collect(store().download(uploaded.URL))).rejects.toMatchObject({
    code: 'transport/refused',
  });
});

describe.each(['stream', 'whole'] as const)('a %s file is put together from', (format) => {
  const retry = { attempts: 3, firstAfter: 1 };
  const part = (file: Uint8Array, from: number, to = file.length) => ({
    'content-range': `bytes ${from}-${to - 1}/${file.length}`,
  });
  /** The first answer breaks off in the middle; the others are as told. */
  const answers: Record<
    string,
    (file: Uint8Array, from: number, response: ServerResponse) => void
  > = {
    'parts that are shorter than they were asked for': (file, from, response) => {
      const to = Math.min(from + 400_000, file.length);
      response.writeHead(206, part(file, from, to)).end(file.subarray(from, to));
    },
    'short parts without a length of the whole': (file, from, response) => {
      const to = Math.min(from + 400_000, file.length);
      response
        .writeHead(206, { 'content-range': `bytes ${from}-${to - 1}/*` })
        .end(file.subarray(from, to));
    },
    'a part that calls itself 200': (file, from, response) => {
      response.writeHead(200, part(file, from)).end(file.subarray(from));
    },
    'a part that begins earlier': (file, from, response) => {
      const start = from - (from % 65_536);
      response.writeHead(206, part(file, start)).end(file.subarray(start));
    },
    'the whole': (file, _, response) => {
      response.writeHead(200).end(file);
    },
  };

  test.each(Object.entries(answers))('%s', async (_, answer) => {
    const bytes = noise(1_500_000);
    const uploaded = await uploadFile(store(), bytes, { format });
    server.fault = (request, response) => {
      const file = server.files.get(request.url ?? '') ?? noise(0);
      const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      if (from > 0) answer(file, from, response);
      else {
        response.writeHead(200, { 'content-length': file.length });
        response.write(file.subarray(0, 700_000), () => response.destroy());
      }
      return true;
    };
    expectSame(await downloadFile(store(), uploaded, { retry }).bytes(), bytes);
  });

  test('but one that ends at the same place twice is cut, and refused', async () => {
    const uploaded = await uploadFile(store(), noise(1_500_000), { format });
    let requests = 0;
    server.fault = (request, response) => {
      requests += 1;
      const file = (server.files.get(request.url ?? '') ?? noise(0)).subarray(0, 1_000_000);
      const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      response.writeHead(from > 0 ? 206 : 200, from > 0 ? part(file, from) : {});
      response.end(file.subarray(from));
      return true;
    };
    const reading = downloadFile(store(), uploaded, { retry }).bytes();
    await expect(reading).rejects.toMatchObject({ code: 'crypto/decrypt' });
    expect(requests).toBe(2);
  });
});

test.each([
  [301, 'transport/refused'],
  [400, 'transport/refused'],
  [401, 'policy/unauthorized'],
  [403, 'policy/unauthorized'],
  [404, 'identity/not-found'],
  [408, 'transport/timeout'],
  [413, 'store/too-large'],
  [416, 'transport/refused'],
  [429, 'policy/rate-limited'],
  [500, 'transport/closed'],
  [501, 'transport/refused'],
  [503, 'transport/closed'],
  [507, 'store/quota'],
])('status %i is %s, for uploads and downloads', async (status, code) => {
  server.fault = (_, response) => {
    response.writeHead(status, { location: `${server.url}elsewhere` }).end('a page');
    return true;
  };
  const options = { format: 'stream', retry: { attempts: 1 } } as const;
  await expect(uploadFile(store(), noise(9), options)).rejects.toMatchObject({
    code,
    details: { status },
  });
  const reading = collect(store().download(`${server.url}x`));
  await expect(reading).rejects.toMatchObject({ code, details: { status } });
  expect(server.requests).toHaveLength(2);
});

test('a server that keeps the last part only is found out', async () => {
  server.fault = (request) => {
    delete request.headers['content-range'];
    return false;
  };
  const uploading = uploadFile(store(), noise(350_000), { format: 'stream' });
  await expect(uploading).rejects.toMatchObject({ code: 'transport/refused' });
});

test('an endless file ends at its limit, and its connection is closed', async () => {
  let closed = (): void => undefined;
  const isClosed = new Promise<void>((resolve) => {
    closed = resolve;
  });
  let written = 0;
  server.fault = (request, response) => {
    request.socket.on('close', closed);
    response.writeHead(200);
    const pour = (): void => {
      written += 65_536;
      if (!response.destroyed) response.write(noise(65_536), () => setImmediate(pour));
    };
    pour();
    return true;
  };
  const location = { URL: `${server.url}endless`, key: { algorithm: 'PLAIN' } };
  const reading = downloadFile(store(), location, { maxBytes: 1_000_000 });
  await expect(reading.bytes()).rejects.toMatchObject({ code: 'format/limit' });
  await isClosed;
  expect(written).toBeLessThan(50_000_000);
});

test('a length that is announced to be too large is not begun', async () => {
  server.fault = (_, response) => {
    response.writeHead(200, { 'content-length': 2_000_000 }).flushHeaders();
    return true;
  };
  const reading = collect(store().download(`${server.url}large`, { maxBytes: 1_000_000 }));
  await expect(reading).rejects.toMatchObject({ code: 'format/limit' });
});

test('a server that says nothing is late, however it starts', async () => {
  const answers = [
    () => undefined,
    (response: { writeHead(status: number): { flushHeaders(): void } }) =>
      response.writeHead(200).flushHeaders(),
  ];
  for (const answer of answers) {
    server.fault = (_, response) => {
      answer(response);
      return true;
    };
    const blobs = store({ timeout: 50 });
    const reading = collect(blobs.download(`${server.url}silent`));
    await expect(reading).rejects.toMatchObject({ code: 'transport/timeout' });
  }
  server.fault = () => true;
  const blobs = store({ timeout: 50, timers: quick });
  const options = { format: 'stream', retry: { attempts: 1 } } as const;
  const uploading = uploadFile(blobs, noise(9), options);
  await expect(uploading).rejects.toMatchObject({ code: 'transport/timeout' });
});

test('aborting ends requests under way, and leaves no connection behind', async () => {
  const reason = new Error('enough');
  const uploaded = await uploadFile(store(), noise(500_000), { format: 'stream' });
  for (const method of ['GET', 'PUT']) {
    const controller = new AbortController();
    let asked = (): void => undefined;
    const isAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    let ended = (): void => undefined;
    const isEnded = new Promise<void>((resolve) => {
      ended = resolve;
    });
    server.fault = (request, response) => {
      if (request.method !== method) return false;
      // Node notices the end of a connection only while it reads.
      request.resume().socket.on('close', ended);
      if (method === 'GET') response.writeHead(200).write('a');
      asked();
      return true;
    };
    const { signal } = controller;
    const running =
      method === 'GET'
        ? downloadFile(store(), uploaded, { signal }).bytes()
        : uploadFile(store(), noise(500_000), { format: 'stream', signal });
    const rejected = expect(running).rejects.toBe(reason);
    await isAsked;
    controller.abort(reason);
    await rejected;
    await isEnded;
  }
});

test('leaving the loop ends the request', async () => {
  const uploaded = await uploadFile(store(), noise(600_000), { format: 'stream' });
  let ended = (): void => undefined;
  const isEnded = new Promise<void>((resolve) => {
    ended = resolve;
  });
  server.fault = (request, response) => {
    const file = server.files.get(request.url ?? '') ?? noise(0);
    request.socket.on('close', ended);
    // The rest never comes.
    response.writeHead(200, { 'content-length': file.length });
    response.write(file.subarray(0, 500_000));
    return true;
  };
  for await (const piece of downloadFile(store(), uploaded)) {
    expect(piece).toHaveLength(256 * 1024);
    break;
  }
  await isEnded;
});

test('headers of uploads never go where a peer sends us', async () => {
  const seen: (string | undefined)[] = [];
  server.fault = (request) => {
    seen.push(`${request.method} ${request.headers.authorization}`);
    return false;
  };
  const blobs = store({ headers: () => ({ Authorization: 'Bearer secret' }) });
  const uploaded = await uploadFile(blobs, noise(200_000), { format: 'stream' });
  await downloadFile(blobs, uploaded).bytes();
  expect(seen).toContain('PUT Bearer secret');
  expect(seen).toContain('HEAD Bearer secret');
  expect(seen.at(-1)).toBe('GET undefined');
});

test.each([
  'file:///etc/passwd',
  'data:text/plain,x',
  'ftp://127.0.0.1/x',
  'http://user:word@127.0.0.1/x',
  'javascript:alert(1)',
  '/etc/passwd',
  '',
])('%s is not fetched', async (url) => {
  const reading = collect(store().download(url));
  await expect(reading).rejects.toMatchObject({ code: 'transport/refused' });
});

test('a URL that the program does not allow is not fetched', async () => {
  const allow = ({ hostname }: URL): boolean => hostname === 'files.example.org';
  const reading = collect(store({ allow }).download(`${server.url}x`));
  await expect(reading).rejects.toMatchObject({ code: 'transport/refused' });
  expect(server.requests).toEqual([]);
});

test('a server that is not there refuses the connection, with its address, and may be there later', async () => {
  const gone = await fileServer();
  await gone[Symbol.asyncDispose]();
  const reading = collect(store({ url: gone.url }).download(`${gone.url}x`));
  await expect(reading).rejects.toMatchObject({ code: 'transport/refused', retryable: true });
});

test('a folder must be of a web server, and parts must hold something', () => {
  expect(() => httpBlobStore({ url: 'ftp://x/' })).toThrow(RangeError);
  expect(() => httpBlobStore({ url: server.url, partBytes: 0 })).toThrow(RangeError);
});

const quick: Timers = {
  after(_delay, task) {
    const timer = setTimeout(() => void task(), 50);
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};

async function collect(incoming: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of incoming) pieces.push(piece);
  return concatBytes(...pieces);
}
