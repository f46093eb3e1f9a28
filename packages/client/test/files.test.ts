import { type BlobStore, systemRandom, type Timers } from '@dimp/core';
import { memoryBlobStore } from '@dimp/core/memory';
import { md5, sha256 } from '@dimp/crypto/digests';
import { disposeSymbol, encodeHex, encodeTed, equalBytes, ProtocolError } from '@dimp/foundation';
import { blobStoreCompliance } from '@dimp/testing/compliance';
import { describe, expect, test } from 'vitest';
import { downloadFile, type FileFormat, uploadFile } from '../src/files.ts';
import { breaking, expectSame, holding, hurried, noise, storedAt } from './file-stores.ts';

blobStoreCompliance(test, { open: memoryBlobStore, missing: (url) => `${url}-not` });

const CHUNK = 256 * 1024;
/** Lengths at which something changes. */
const LENGTHS = [0, 1, 15, 16, 17, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 5];

describe.each<FileFormat>(['stream', 'whole'])('a file encrypted as %s', (format) => {
  test.each(LENGTHS)('of %i bytes comes back', async (length) => {
    const blobs = memoryBlobStore();
    const bytes = noise(length);
    const uploaded = await uploadFile(blobs, bytes, { format, filename: 'Holiday.JPG' });
    expect(uploaded).toMatchObject({ size: length, sha256: sha256(bytes) });
    const download = downloadFile(blobs, uploaded);
    expect(download.size).toBe(length);
    expectSame(await download.bytes(), bytes);
  });

  test('is on the server under a random name, and in no byte as it was', async () => {
    const blobs = memoryBlobStore();
    const bytes = new Uint8Array(CHUNK).fill(65);
    const one = await uploadFile(blobs, bytes, { format, filename: 'secret plan.pdf' });
    const two = await uploadFile(blobs, bytes, { format, filename: 'secret plan.pdf' });
    expect(one.URL).toMatch(/\/[0-9a-f]{32}\.pdf$/);
    expect(two.URL).not.toBe(one.URL);
    const stored = await storedAt(blobs, one.URL);
    expect(equalBytes(stored, await storedAt(blobs, two.URL))).toBe(false);
    expect(new Set(stored).size).toBeGreaterThan(200);
  });

  test('goes on where the connection broke, both ways', async () => {
    const inner = memoryBlobStore();
    const blobs = breaking(inner, 3 * CHUNK);
    const bytes = noise(10 * CHUNK + 11);
    const sent: number[] = [];
    const uploaded = await uploadFile(blobs, bytes, {
      format,
      timers: hurried,
      onProgress: (done) => sent.push(done),
    });
    expect(blobs.breaks).toBeGreaterThan(2);
    const after = blobs.breaks;
    const seen: number[] = [];
    const download = downloadFile(blobs, uploaded, {
      timers: hurried,
      onProgress: (done, total) => seen.push(done / (total ?? Number.NaN)),
    });
    expectSame(await download.bytes(), bytes);
    expect(blobs.breaks).toBeGreaterThan(after + 2);
    expect(seen.at(-1)).toBe(1);
    expect(blobs.offsets.slice(1).every((offset) => offset > 0)).toBe(true);
    expect(sent.at(-1)).toBe((await storedAt(inner, uploaded.URL)).length);
  });

  test('is given up when attempt after attempt brings nothing', async () => {
    const closed = new ProtocolError('transport/closed', 'no');
    let attempts = 0;
    const blobs: BlobStore = {
      upload: () => {
        attempts += 1;
        return Promise.reject(closed);
      },
      async *download() {
        attempts += 1;
        yield new Uint8Array(10);
        throw closed;
      },
    };
    const options = { timers: hurried, retry: { attempts: 3 } };
    await expect(uploadFile(blobs, noise(5), { format, ...options })).rejects.toBe(closed);
    expect(attempts).toBe(3);
    const uploaded = await uploadFile(memoryBlobStore(), noise(5), { format });
    await expect(downloadFile(blobs, uploaded, options).bytes()).rejects.toBe(closed);
    expect(attempts).toBe(6);
  });

  test('is resumed by its ticket in another life of the program', async () => {
    const inner = memoryBlobStore();
    const bytes = noise(6 * CHUNK);
    let ticket = '';
    const first = uploadFile(breaking(inner, 2 * CHUNK), bytes, {
      format,
      filename: 'film.mp4',
      retry: { attempts: 1 },
      onTicket: (json) => {
        ticket = JSON.stringify(json);
      },
    });
    await expect(first).rejects.toMatchObject({ code: 'transport/closed' });
    const sent: number[] = [];
    const uploaded = await uploadFile(inner, new Blob([bytes]), {
      format,
      resume: JSON.parse(ticket),
      onProgress: (done) => sent.push(done),
    });
    expect(sent[0]).toBeGreaterThan(CHUNK);
    expectSame(await downloadFile(inner, uploaded).bytes(), bytes);
  });

  test('is not resumed by the ticket of another file, nor by a damaged one', async () => {
    const blobs = memoryBlobStore();
    let ticket = {};
    const onTicket = (json: object): void => {
      ticket = json;
    };
    await uploadFile(blobs, noise(1000), { format, onTicket });
    for (const resume of [
      {},
      { ...ticket, name: '../etc/passwd' },
      { ...ticket, size: 'x' },
      { ...ticket, key: { data: 'AAAA' } },
    ]) {
      await expect(uploadFile(blobs, noise(1000), { format, resume })).rejects.toMatchObject({
        code: 'format/field',
      });
    }
    for (const other of [noise(999), noise(1000, 3)]) {
      const resuming = uploadFile(blobs, other, { format, resume: { ...ticket } });
      await expect(resuming).rejects.toMatchObject({ code: 'format/field' });
    }
  });

  test('stops at once when its signal says so', async () => {
    const reason = new Error('changed my mind');
    const blobs = memoryBlobStore();
    const bytes = noise(8 * CHUNK);
    const uploading = new AbortController();
    const upload = uploadFile(blobs, bytes, {
      format,
      signal: uploading.signal,
      onProgress: () => uploading.abort(reason),
    });
    await expect(upload).rejects.toBe(reason);
    const uploaded = await uploadFile(blobs, bytes, { format });
    const reading = new AbortController();
    let pieces = 0;
    const download = (async () => {
      for await (const _ of downloadFile(blobs, uploaded, { signal: reading.signal })) {
        pieces += 1;
        reading.abort(reason);
      }
    })();
    await expect(download).rejects.toBe(reason);
    expect(pieces).toBe(1);
    const pausing = new AbortController();
    const never: Timers = { after: () => ({ [disposeSymbol]() {} }) };
    const paused = uploadFile(breaking(blobs, 0), bytes, {
      format,
      timers: never,
      signal: pausing.signal,
    });
    setTimeout(() => pausing.abort(reason), 20);
    await expect(paused).rejects.toBe(reason);
  });

  test('is a blob and a stream as well', async () => {
    const blobs = memoryBlobStore();
    const bytes = noise(CHUNK + 3);
    const download = downloadFile(blobs, await uploadFile(blobs, bytes, { format }));
    const blob = await download.blob('image/png');
    expect(blob.type).toBe('image/png');
    expectSame(new Uint8Array(await blob.arrayBuffer()), bytes);
    const reader = download.stream().getReader();
    expectSame((await reader.read()).value ?? noise(0), bytes.slice(0, CHUNK));
    await reader.cancel();
  });

  test('that is larger than wanted is not fetched', async () => {
    const blobs = memoryBlobStore();
    const uploaded = await uploadFile(blobs, noise(1000), { format });
    const untouched: BlobStore = { ...blobs, download: () => expect.unreachable() };
    const download = downloadFile(untouched, uploaded, { maxBytes: 999 });
    await expect(download.bytes()).rejects.toMatchObject({ code: 'format/limit' });
  });
});

test('a file inside its content needs no server', async () => {
  const data = noise(50);
  const { download: _, ...nobody } = memoryBlobStore();
  const blobs = { ...nobody, download: () => expect.unreachable() };
  const download = downloadFile(blobs, { data, sha256: sha256(data) });
  expect(download).toMatchObject({ size: 50, check: 'each-chunk' });
  expectSame(await download.bytes(), data);
  const wrong = downloadFile(blobs, { data, sha256: sha256(noise(1)) });
  await expect(wrong.bytes()).rejects.toMatchObject({ code: 'crypto/decrypt' });
});

test('files in the clear are read, and nothing vouches for them', async () => {
  const data = noise(CHUNK + 7);
  for (const key of [undefined, { algorithm: 'PLAIN' }]) {
    const download = downloadFile(holding(data), {
      URL: 'x',
      ...(key === undefined ? {} : { key }),
    });
    expect(download.check).toBe('never');
    expectSame(await download.bytes(), data);
  }
});

test('a whole file is named by its MD5, as older peers name it', async () => {
  const bytes = noise(100);
  const named = await uploadFile(memoryBlobStore(), bytes, { format: 'whole', filename: 'A.Jpeg' });
  expect(named.filename).toBe(`${encodeHex(md5(bytes))}.jpeg`);
  expect(named.key).toMatchObject({ algorithm: 'AES', iv: encodeTed(named.IV as Uint8Array) });
  const kept = await uploadFile(memoryBlobStore(), bytes, { format: 'stream', filename: 'A.Jpeg' });
  expect(kept.filename).toBe('A.Jpeg');
});

test('pauses between attempts are random, and grow', async () => {
  const pauses: number[] = [];
  const timers: Timers = {
    after(delay, task) {
      pauses.push(delay);
      return hurried.after(0, task);
    },
  };
  const uploading = uploadFile(breaking(memoryBlobStore(), 0), noise(5), {
    format: 'stream',
    timers,
    random: { bytes: (length) => systemRandom.bytes(length) },
  });
  await expect(uploading).rejects.toMatchObject({ code: 'transport/closed' });
  expect(pauses).toHaveLength(5);
  for (const [index, pause] of pauses.entries()) {
    expect(pause).toBeGreaterThanOrEqual(250 * 2 ** index);
    expect(pause).toBeLessThan(500 * 2 ** index);
  }
});
