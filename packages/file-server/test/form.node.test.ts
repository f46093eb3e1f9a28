import { createHash } from 'node:crypto';
import { formBlobStore } from '@dimp/client/files';
import { createProtocol } from '@dimp/core';
import { standard } from '@dimp/extensions/standard';
import { ask, noise } from '@dimp/fixtures/http';
import { equalBytes, isProtocolError } from '@dimp/foundation';
import { blobStoreCompliance } from '@dimp/testing/compliance';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dialledUrl } from '../src/dialled-url.ts';
import { type FormPiece, formBoundary, readForm } from '../src/multipart.ts';
import { type FileService, fileService, onDisk } from './support/file-service.ts';

const user = createProtocol(standard()).parseID('moki@4WDfe3zZ4T7opFSi3iDAKiuTnUHjxmXekk');
const address = user.address.text;
const md5 = (...parts: (Uint8Array | string)[]): Buffer =>
  parts.reduce((hash, part) => hash.update(part), createHash('md5')).digest();

describe('today’s forms', () => {
  blobStoreCompliance(test, {
    open: async () => {
      const service = await fileService({ formSecrets: ['00ff', '1234'] });
      return formBlobStore({
        url: `${service.origin}/upload/{ID}/file?md5={MD5}&salt={SALT}&enigma=12`,
        downloadUrl: `${service.origin}/download/{ID}/{FILENAME}`,
        user,
        secret: '1234',
        extension: 'png',
      });
    },
    missing: (url) => url.replace(/.{3}\.png$/, '000.png'),
  });
});

describe('classic forms', () => {
  blobStoreCompliance(test, {
    open: async () => {
      const service = await fileService({ formSecrets: ['abcd'] });
      return formBlobStore({
        url: `${service.origin}/{ID}/upload?md5={MD5}&salt={SALT}`,
        downloadUrl: `${service.origin}/download/{ID}/{FILENAME}`,
        user,
        secret: 'abcd',
        digest: 'classic',
        extension: 'mp4',
      });
    },
    missing: (url) => url.replace(/.{3}\.mp4$/, '000.mp4'),
  });
});

interface Post {
  readonly path?: string;
  readonly part?: string;
  readonly filename?: string;
  readonly query?: string;
}

async function post(
  service: FileService,
  bytes: Uint8Array,
  { path = `/upload/${address}/file`, part = 'file', filename = 'a.png', query = '' }: Post = {},
): Promise<{ readonly code: number; readonly filename?: string; readonly url?: string }> {
  const form = new FormData();
  form.set(part, new Blob([bytes as Uint8Array<ArrayBuffer>]), filename);
  const response = await fetch(`${service.origin}${path}${query}`, { method: 'POST', body: form });
  expect([response.status, response.headers.get('content-type')]).toEqual([
    200,
    'application/json',
  ]);
  return (await response.json()) as { code: number };
}

test('an answer contains name and URL, which depend on the bytes and not on names chosen by the client', async () => {
  const service = await fileService({ publicUrl: 'https://files.example.org/' });
  const bytes = noise(1000);
  const filename = `${md5(bytes).toString('hex')}.png`;
  expect(await post(service, bytes, { filename: '../../etc/passwd.PNG' })).toEqual({
    code: 200,
    message: 'OK',
    filename,
    url: `https://files.example.org/download/${address}/${filename}`,
  });
  const { body, headers } = await ask(service, 'GET', `/download/${address}/${filename}`);
  expect(equalBytes(body, bytes)).toBe(true);
  expect(headers).toMatchObject({
    'content-type': 'application/octet-stream',
    'content-disposition': 'attachment',
  });
});

test('without a public URL an answer contains the address that the client has connected to', async () => {
  const service = await fileService();
  const bytes = noise(100);
  const path = `/download/${address}/${md5(bytes).toString('hex')}.png`;
  expect((await post(service, bytes)).url).toBe(`${service.origin}${path}`);
});

test.each<readonly [string | undefined, string | undefined, boolean, number, string | undefined]>([
  ['files.example.org', undefined, true, 5000, 'https://files.example.org'],
  ['[2001:db8::1]:9394', undefined, false, 5000, 'http://[2001:db8::1]:9394'],
  ['10.0.0.1:9394', 'files.example.org', true, 0, 'https://files.example.org'],
  // This proxy is not trusted.
  ['files.example.org', 'evil.example', true, 5000, 'https://files.example.org'],
  ['a b', undefined, false, 5000, undefined],
  ['x"><script>', undefined, false, 5000, undefined],
  ['user@host', undefined, false, 5000, undefined],
  [undefined, undefined, false, 5000, undefined],
])(
  'for host %s, forwarded %s, encrypted %s, port %i, that is %s',
  (host, forwarded, secure, port, url) => {
    const headers = { host, 'x-forwarded-host': forwarded };
    expect(dialledUrl({ headers }, { address: '192.0.2.1', port, secure })).toBe(url);
  },
);

test('avatars have a place of their own', async () => {
  const service = await fileService();
  const bytes = noise(1000);
  const stored = `${md5(bytes).toString('hex')}.jpg`;
  const path = `/upload/${user.text}/avatar`;
  expect((await post(service, bytes, { path, part: 'avatar', filename: 'a.jpg' })).code).toBe(200);
  expect((await ask(service, 'GET', `/avatar/${address}/${stored}`)).body.length).toBe(1000);
  expect((await ask(service, 'GET', `/download/${address}/${stored}`)).status).toBe(404);
  expect((await post(service, bytes, { path, part: 'avatar', filename: 'a.mp4' })).code).toBe(415);
  const classic = { path: `/${address}/upload`, part: 'avatar', filename: 'b.png' };
  expect((await post(service, bytes, classic)).code).toBe(200);
  const png = stored.replace('jpg', 'png');
  expect((await ask(service, 'GET', `/avatar/${address}/${png}`)).status).toBe(200);
});

test.each(['a.html', 'a.svg', 'a', 'a.png.exe', '.png/', ''])(
  'the extension of “%s” is not allowed',
  async (filename) => {
    const service = await fileService();
    expect((await post(service, noise(10), { filename })).code).toBe(415);
    expect(await onDisk(service.folder)).toEqual([]);
  },
);

test('digests are checked if secrets are set', async () => {
  const service = await fileService({ formSecrets: ['aa11', 'BB22'] });
  const bytes = noise(100);
  const salt = '0123456789abcdef';
  const digest = (secret: string) =>
    md5(md5(bytes), Buffer.from(secret + salt, 'hex')).toString('hex');
  const code = async (query: string) => (await post(service, bytes, { query })).code;
  expect(await code(`?md5=${digest('aa11')}&salt=${salt}`)).toBe(200);
  expect(await code(`?md5=${digest('bb22')}&salt=${salt}&enigma=BB`)).toBe(200);
  expect(await code(`?md5=${digest('bb22')}&salt=${salt}`)).toBe(401);
  expect(await code(`?md5=${digest('aa11')}&salt=${salt}00`)).toBe(401);
  expect(await code(`?md5=${digest('aa11')}&salt=${salt}&enigma=cc`)).toBe(403);
  expect(await code(`?md5=${digest('aa11')}&salt=xx`)).toBe(401);
  expect(await code('')).toBe(401);
  // MD5 of the bytes themselves is what classic forms have.
  const classic = md5(bytes, Buffer.from(`aa11${salt}`, 'hex')).toString('hex');
  expect(await code(`?md5=${classic}&salt=${salt}`)).toBe(401);
  const path = `/${address}/upload`;
  expect((await post(service, bytes, { path, query: `?md5=${classic}&salt=${salt}` })).code).toBe(
    200,
  );
});

test('a form without a file, and an invalid one, are refused and leave nothing', async () => {
  const service = await fileService();
  expect((await post(service, noise(0), { part: 'other' })).code).toBe(204);
  expect((await post(service, noise(10), { part: 'other' })).code).toBe(204);
  const send = async (type: string, body: string) => {
    const options = { headers: { 'Content-Type': type }, body: Buffer.from(body) };
    const answer = await ask(service, 'POST', `/upload/${address}/file`, options);
    return (JSON.parse(answer.body.toString()) as { code: number }).code;
  };
  expect(await send('text/plain', 'hello')).toBe(400);
  expect(await send('multipart/form-data', 'hello')).toBe(400);
  expect(await send('multipart/form-data; boundary=b', 'hello')).toBe(400);
  const file = 'Content-Disposition: form-data; name="file"; filename="a.png"';
  expect(await send('multipart/form-data; boundary=b', `--b\r\n${file}\r\n\r\ncut`)).toBe(400);
  expect(await send('multipart/form-data; boundary=b', `--b\r\n${file}\r\n\r\nx\r\n--b--`)).toBe(
    200,
  );
  expect((await onDisk(service.folder)).length).toBe(1);
  expect(service.server.state).toMatchObject({ uploads: 0, bytes: 1 });
});

test('the file in a form, and the rest of it, are limited', async () => {
  const service = await fileService({ limits: { maxFormBytes: 100_000 } });
  expect((await post(service, noise(100_000))).code).toBe(200);
  expect((await post(service, noise(100_001))).code).toBe(403);
  expect((await post(service, noise(1_000_000))).code).toBe(403);
  expect((await onDisk(service.folder)).length).toBe(1);
});

test('the same file again is stored once, and its time starts again', async () => {
  let time = Date.now();
  const day = 86_400_000;
  const clock = { now: () => time };
  const service = await fileService({ clock, limits: { keepFinished: day } });
  const bytes = noise(1000);
  const { filename } = await post(service, bytes);
  time += 0.8 * day;
  expect((await post(service, bytes)).code).toBe(200);
  expect(service.server.state.bytes).toBe(1000);
  time += 0.8 * day;
  expect((await ask(service, 'GET', `/download/${address}/${filename}`)).status).toBe(200);
});

test('a client that may not upload cannot use forms either', async () => {
  const service = await fileService({ uploads: { token: '0123456789abcdef' } });
  const form = new FormData();
  form.set('file', new Blob(['x']), 'a.png');
  const url = `${service.origin}/upload/${address}/file`;
  expect((await fetch(url, { method: 'POST', body: form })).status).toBe(401);
  const headers = { Authorization: 'Bearer 0123456789abcdef' };
  expect((await fetch(url, { method: 'POST', body: form, headers })).status).toBe(200);
});

test.each([
  `/download/${address}/../../x`,
  `/download/${address}/..%2f00000000000000000000000000000000.png`,
  '/download/../00000000000000000000000000000000.png',
  `/download/${address}/0000.png`,
  `/avatar/${address}.png`,
  `/upload/${'a'.repeat(65)}/file`,
  `/upload/${address}/other`,
  '/upload/%00aaaaaaaaaaa/file',
])('%s is not a path of forms', async (path) => {
  const service = await fileService();
  expect((await ask(service, 'GET', path)).status).toBe(404);
  expect((await ask(service, 'POST', path, { body: noise(10) })).status).toBe(404);
});

async function piecesOf(body: Uint8Array, cuts: readonly number[]): Promise<FormPiece[]> {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    let from = 0;
    for (const cut of [...cuts].sort((a, b) => a - b)) {
      yield body.subarray(from, cut);
      from = cut;
    }
    yield body.subarray(from);
  }
  const pieces: FormPiece[] = [];
  for await (const piece of readForm(chunks(), 'b')) {
    const last = pieces.at(-1);
    if (piece.kind === 'bytes' && last?.kind === 'bytes') {
      pieces[pieces.length - 1] = {
        kind: 'bytes',
        bytes: Buffer.concat([last.bytes, piece.bytes]),
      };
    } else if (piece.kind === 'bytes') pieces.push({ ...piece, bytes: Buffer.from(piece.bytes) });
    else pieces.push(piece);
  }
  return pieces;
}

/** Bytes that often look like a boundary, and are none. */
const tricky = fc
  .array(fc.constantFrom('\r', '\n', '-', '--', 'b', '\r\n-', '\r\n--', 'x', '\r\n--a'), {
    maxLength: 20,
  })
  .map((parts) => parts.join(''))
  .filter(
    (text) =>
      !`${text}\r\n--b`.slice(0, -5).includes('\r\n--b') && !`\r\n${text}`.includes('\r\n--b'),
  );

test('a form is the same wherever it is divided', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(tricky, { maxLength: 4 }),
      fc.array(fc.nat(400), { maxLength: 30 }),
      async (values, cuts) => {
        const parts = values.map(
          (value, index) =>
            `--b\r\nContent-Disposition: form-data; name="n${index}"; filename="f.png"\r\n\r\n${value}\r\n`,
        );
        const body = Buffer.from(`${parts.join('')}--b--\r\nbehind`);
        const pieces = await piecesOf(
          body,
          cuts.filter((cut) => cut < body.length),
        );
        const expected = values.flatMap((value, index) => [
          { kind: 'part', name: `n${index}`, filename: 'f.png' },
          ...(value === '' ? [] : [{ kind: 'bytes', bytes: Buffer.from(value) }]),
        ]);
        expect(pieces).toEqual(expected);
      },
    ),
  );
});

test('any bytes give a form or a ProtocolError, with bounded memory for headers', async () => {
  const token = fc.constantFrom(
    '--b',
    '\r\n',
    '--',
    'b',
    ': ',
    'Content-Disposition: form-data',
    ';',
    'name="',
    '"',
    '\0',
    'é',
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(token, { maxLength: 60 }),
      fc.array(fc.nat(100)),
      async (tokens, cuts) => {
        const body = Buffer.from(tokens.join(''));
        try {
          await piecesOf(
            body,
            cuts.filter((cut) => cut < body.length),
          );
        } catch (error) {
          if (!isProtocolError(error)) throw error;
          expect(['format/field', 'format/limit', 'format/bytes']).toContain(error.code);
        }
      },
    ),
  );
  const long = Buffer.from(`--b\r\n${'x'.repeat(5000)}`);
  await expect(piecesOf(long, [])).rejects.toMatchObject({ code: 'format/limit' });
  const many = Buffer.from('--b\r\n\r\n\r\n'.repeat(17));
  await expect(piecesOf(many, [])).rejects.toMatchObject({ code: 'format/limit' });
  expect(formBoundary('multipart/form-data; boundary="a b"')).toBe('a b');
  expect(formBoundary('multipart/form-data; charset=x; BOUNDARY=ab')).toBe('ab');
  expect(formBoundary(`multipart/form-data; boundary=${'a'.repeat(71)}`)).toBe(undefined);
});
