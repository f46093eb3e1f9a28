import { createHash } from 'node:crypto';
import { concatBytes, decodeHex } from '@dimp/foundation';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { downloadFile, formBlobStore, uploadFile } from '../src/files.ts';
import { type FileServer, fileServer } from './file-server.node.ts';
import { expectSame, noise } from './file-stores.ts';
import { newUser, type Person } from './people.ts';

const SECRET = '0123456789abcdef';
let server: FileServer;
let moki: Person;
beforeAll(async () => {
  server = await fileServer();
  moki = await newUser('moki', { algorithm: 'ECC' });
});
beforeEach(() => {
  answer = undefined;
  server.fault = (request, response) => takeForm(request, response);
});
afterAll(() => server[Symbol.asyncDispose]());

/** What the server answers instead of storing the file. */
let answer: string | undefined;

const store = (options = {}) =>
  formBlobStore({
    url: `${server.url}upload/{ID}/file?md5={MD5}&salt={SALT}&enigma=0123`,
    user: moki.user.id,
    secret: SECRET,
    ...options,
  });

test.each(['current', 'classic'] as const)(
  'the %s digest is the one that servers check',
  async (digest) => {
    const bytes = noise(50_000);
    server.fault = (request, response) => takeForm(request, response, digest);
    const blobs = store({ digest, extension: 'png' });
    const uploaded = await uploadFile(blobs, bytes, { format: 'whole', filename: 'a.pdf' });
    expect(uploaded.URL).toMatch(/\/download\/[^/]+\/[0-9a-f]{32}\.png$/);
    expectSame(await downloadFile(blobs, uploaded).bytes(), bytes);
  },
);

test('a wrong secret is refused by the server', async () => {
  const uploading = uploadFile(store({ secret: '00' }), noise(9), { format: 'whole' });
  await expect(uploading).rejects.toMatchObject({ code: 'policy/unauthorized' });
  expect(() => store({ secret: 'no hex' })).toThrow(
    expect.objectContaining({ code: 'format/bytes' }),
  );
});

test.each([
  ['{"code":200}', 'transport/refused'],
  ['{"code":200,"url":"javascript:alert(1)"}', 'transport/refused'],
  ['{"code":401}', 'policy/unauthorized'],
  ['{"code":403}', 'store/too-large'],
  ['{"code":415,"message":"extension"}', 'transport/refused'],
  ['{"code":null}', 'transport/refused'],
  ['{"code":500}', 'transport/closed'],
  ['[]', 'transport/refused'],
  ['<html>', 'transport/refused'],
  ['', 'transport/refused'],
  [`{"code":200,"x":"${'x'.repeat(70_000)}"}`, 'transport/refused'],
])('the answer %.40s is %s', async (text, code) => {
  answer = text;
  const options = { format: 'whole', retry: { attempts: 1 } } as const;
  await expect(uploadFile(store(), noise(9), options)).rejects.toMatchObject({ code });
});

test('where the server does not tell a URL, the template does', async () => {
  answer = '{"code":200,"filename":"x/y.png"}';
  const downloadUrl = `${server.url}download/{ID}/{FILENAME}`;
  const { URL: url } = await uploadFile(store({ downloadUrl }), noise(9), { format: 'whole' });
  expect(url).toBe(`${server.url}download/${moki.user.id.address.text}/x%2Fy.png`);
});

test('a file above the limit of the server is not read', async () => {
  const uploading = uploadFile(store({ maxBytes: 1000 }), noise(1000), { format: 'whole' });
  await expect(uploading).rejects.toMatchObject({ code: 'store/too-large' });
});

/** A file server as the spec describes it (§13.2–13.4). */
async function takeForm(
  request: Parameters<FileServer['fault']>[0],
  response: Parameters<FileServer['fault']>[1],
  digest: 'current' | 'classic' = 'current',
): Promise<boolean> {
  if (request.method !== 'POST') return false;
  const pieces: Uint8Array[] = [];
  for await (const piece of request) pieces.push(piece);
  if (answer !== undefined) {
    response.end(answer);
    return true;
  }
  const headers = { 'Content-Type': request.headers['content-type'] ?? '' };
  const body = concatBytes(...pieces) as Uint8Array<ArrayBuffer>;
  const form = await new Response(body, { headers }).formData();
  const file = form.get('file');
  const url = new URL(request.url ?? '', server.url);
  if (!(file instanceof File) || url.searchParams.get('enigma') !== '0123') {
    response.end('{"code":400}');
    return true;
  }
  const bytes = new Uint8Array(await file.arrayBuffer());
  const md5 = (...parts: Uint8Array[]): Uint8Array =>
    new Uint8Array(
      createHash('md5')
        .update(concatBytes(...parts))
        .digest(),
    );
  const salt = decodeHex(url.searchParams.get('salt') ?? '');
  const own = digest === 'classic' ? bytes : md5(bytes);
  const hex = (value: Uint8Array): string =>
    [...value].map((each) => each.toString(16).padStart(2, '0')).join('');
  const right = url.searchParams.get('md5') === hex(md5(own, decodeHex(SECRET), salt));
  const [, , address] = url.pathname.split('/');
  if (!right || salt.length !== 16 || address !== moki.user.id.address.text) {
    response.end('{"code":401}');
    return true;
  }
  if (file.name !== `${hex(md5(bytes))}.png`) {
    response.end('{"code":415}');
    return true;
  }
  const path = `/download/${address}/${file.name}`;
  server.files.set(path, bytes);
  response.end(
    JSON.stringify({ code: 200, url: new URL(path, server.url).href, filename: file.name }),
  );
  return true;
}
