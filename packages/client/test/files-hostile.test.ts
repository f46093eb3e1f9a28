import { memoryBlobStore } from '@dimp/core/memory';
import { sha256 } from '@dimp/crypto/digests';
import { encodeTed, ProtocolError } from '@dimp/foundation';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { downloadFile, type FileFormat, uploadFile } from '../src/files.ts';
import { expectSame, holding, noise, storedAt } from './file-stores.ts';

const CHUNK = 256 * 1024;
const SEALED = CHUNK + 16;

describe.each<FileFormat>(['stream', 'whole'])('a file encrypted as %s', (format) => {
  test('is damaged by every byte that the server changes', async () => {
    const blobs = memoryBlobStore();
    const uploaded = await uploadFile(blobs, noise(1000), { format });
    const sealed = await storedAt(blobs, uploaded.URL);
    const at = fc.integer({ min: 0, max: sealed.length - 1 });
    await fc.assert(
      fc.asyncProperty(at, fc.integer({ min: 1, max: 255 }), async (index, change) => {
        const changed = sealed.slice();
        changed[index] = (changed[index] as number) ^ change;
        const reading = downloadFile(holding(changed), uploaded).bytes();
        await expect(reading).rejects.toMatchObject({ code: 'crypto/decrypt' });
      }),
      { numRuns: 50 },
    );
  });

  test('is damaged when it is cut or made longer', async () => {
    const blobs = memoryBlobStore();
    const uploaded = await uploadFile(blobs, noise(2 * CHUNK + 100), { format });
    const sealed = await storedAt(blobs, uploaded.URL);
    for (const length of [0, 16, CHUNK, SEALED, 2 * CHUNK, 2 * SEALED, sealed.length - 1]) {
      const reading = downloadFile(holding(sealed.subarray(0, length)), uploaded).bytes();
      await expect(reading).rejects.toMatchObject({ code: 'crypto/decrypt' });
    }
    const longer = new Uint8Array(sealed.length + 16);
    longer.set(sealed);
    await expect(downloadFile(holding(longer), uploaded).bytes()).rejects.toMatchObject({
      code: expect.stringMatching(/^crypto\/decrypt$|^format\/limit$/),
    });
  });

  test('cannot be replaced by another file of the same length', async () => {
    const blobs = memoryBlobStore();
    const one = await uploadFile(blobs, noise(1000), { format });
    const two = await uploadFile(blobs, noise(1000, 7), { format });
    const reading = downloadFile(blobs, { ...one, URL: two.URL }).bytes();
    await expect(reading).rejects.toMatchObject({ code: 'crypto/decrypt' });
  });
});

test('two chunks of a stream cannot change places, nor one be taken for the last', async () => {
  const blobs = memoryBlobStore();
  const uploaded = await uploadFile(blobs, noise(3 * CHUNK), { format: 'stream' });
  const sealed = await storedAt(blobs, uploaded.URL);
  const chunk = (index: number): Uint8Array =>
    sealed.subarray(index * SEALED, (index + 1) * SEALED);
  for (const order of [
    [1, 0, 2],
    [0, 2, 1],
    [0, 0, 2],
    [0, 1, 1],
  ]) {
    const swapped = new Uint8Array(
      await new Blob(order.map((i) => chunk(i).slice())).arrayBuffer(),
    );
    const reading = downloadFile(holding(swapped), uploaded).bytes();
    await expect(reading).rejects.toMatchObject({ code: 'crypto/decrypt' });
  }
});

test('no byte of a stream comes out before it was authenticated', async () => {
  const blobs = memoryBlobStore();
  const bytes = noise(3 * CHUNK);
  const uploaded = await uploadFile(blobs, bytes, { format: 'stream' });
  const sealed = await storedAt(blobs, uploaded.URL);
  sealed[SEALED + 5] = (sealed[SEALED + 5] as number) ^ 1;
  const pieces: Uint8Array[] = [];
  const reading = (async () => {
    for await (const piece of downloadFile(holding(sealed), uploaded)) pieces.push(piece);
  })();
  await expect(reading).rejects.toMatchObject({ code: 'crypto/decrypt' });
  expect(pieces).toHaveLength(1);
  expectSame(pieces[0] ?? noise(0), bytes.slice(0, CHUNK));
});

test('a stream whose length or digest was lost or changed on the way does not open', async () => {
  const blobs = memoryBlobStore();
  const {
    size,
    sha256: digest,
    ...uploaded
  } = await uploadFile(blobs, noise(1000), { format: 'stream' });
  const read = (facts: object): Promise<unknown> =>
    downloadFile(blobs, { ...uploaded, ...facts }).bytes();
  await expect(read({ size })).rejects.toMatchObject({ code: 'format/field' });
  await expect(read({ sha256: digest })).rejects.toMatchObject({ code: 'format/field' });
  await expect(read({ size: 1001, sha256: digest })).rejects.toMatchObject({
    code: 'crypto/decrypt',
  });
  await expect(read({ size: -1, sha256: digest })).rejects.toMatchObject({ code: 'format/field' });
  await expect(read({ size, sha256: sha256(digest) })).rejects.toMatchObject({
    code: 'crypto/decrypt',
  });
  await expect(read({ size, sha256: digest.slice(1) })).rejects.toMatchObject({
    code: 'format/field',
  });
});

test('keys of unknown ciphers, of wrong lengths and with wrong chunks are refused by code', async () => {
  const location = { URL: 'memory://x', size: 5, sha256: new Uint8Array(32) };
  const read = (key: object): Promise<unknown> =>
    downloadFile(memoryBlobStore(), { ...location, key: key as never }).bytes();
  const data = encodeTed(new Uint8Array(32));
  const stream = 'AES-256-GCM-STREAM';
  await expect(read({ algorithm: 'ROT13', data })).rejects.toMatchObject({
    code: 'unsupported/algorithm',
  });
  await expect(read({ data })).rejects.toMatchObject({ code: 'unsupported/algorithm' });
  await expect(read({ algorithm: 'AES', data: 'AAAA' })).rejects.toMatchObject({
    code: 'crypto/key',
  });
  await expect(read({ algorithm: 'AES', data, iv: 'AAAA' })).rejects.toMatchObject({
    code: 'format/field',
  });
  await expect(read({ algorithm: stream, chunk: 4096 })).rejects.toMatchObject({
    code: 'crypto/key',
  });
  for (const chunk of [0, 1, 1023, 1024 * 1024 + 1, 1e300, '4096', undefined]) {
    const reading = read({ algorithm: stream, data, chunk });
    await expect(reading).rejects.toMatchObject({ code: 'format/field' });
  }
});

test('any value that a peer writes into a content is a file or an error with a code', async () => {
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom('AES', 'PLAIN', 'AES-256-GCM-STREAM', 'memory://x'),
  );
  const bytes = fc.uint8Array({ maxLength: 40 });
  const key = fc.dictionary(
    fc.constantFrom('algorithm', 'data', 'iv', 'IV', 'chunk', '__proto__'),
    fc.oneof(text, fc.integer(), fc.constant(null), bytes.map(encodeTed)),
  );
  const location = fc.record(
    { URL: text, key, IV: bytes, size: fc.double(), sha256: bytes, data: bytes },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(location, async (each) => {
      try {
        await downloadFile(memoryBlobStore(), each as never).bytes();
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    }),
  );
});
