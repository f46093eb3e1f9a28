import { uploadFile } from '@dimp/client/files';
import { type BlobStore, createProtocol } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { chat } from '@dimp/extensions/chat';
import { Image } from '@dimp/extensions/contents';
import { standard } from '@dimp/extensions/standard';
import { equalBytes } from '@dimp/foundation';
import { VirtualTime } from '@dimp/testing/network';
import { expect, test } from 'vitest';
import { BlobCache } from '../../src/attachments/blob-cache.ts';
import { attachments, memoryBlobs, sniffType } from '../../src/attachments.ts';
import { History } from '../../src/history/history.ts';
import type { MessageRecord } from '../../src/history/message-record.ts';
import type { HistoryAccess } from '../../src/index.ts';

const protocol = createProtocol(standard(), chat());
const PNG = Uint8Array.from('\x89PNG\r\n\x1a\n', (character) => character.charCodeAt(0));
const picture = new Uint8Array(300_000);
picture.set(PNG);
const URL = 'https://files.example/picture';

/** A server of files in memory, which counts what it is asked for and may break connections. */
class MemoryServer implements BlobStore {
  bytes = new Uint8Array();
  downloads = 0;
  /** Bytes after which the first connection breaks. */
  breaksAt = Number.POSITIVE_INFINITY;

  async upload(...[source]: Parameters<BlobStore['upload']>): Promise<string> {
    this.bytes = new Uint8Array(await source.read(0, source.size));
    return URL;
  }

  async *download(...[, { offset = 0 } = {}]: Parameters<BlobStore['download']>) {
    this.downloads += 1;
    const end = Math.min(this.bytes.length, this.breaksAt);
    this.breaksAt = Number.POSITIVE_INFINITY;
    for (let at = offset; at < end; at += 50_000)
      yield this.bytes.slice(at, Math.min(at + 50_000, end));
  }
}

async function world({ local = memoryBlobs(), format = 'stream' as 'stream' | 'whole' } = {}) {
  const server = new MemoryServer();
  const file = await uploadFile(server, picture, { format });
  const time = new VirtualTime();
  const history = new History({
    store: memoryStore(),
    user: 'me',
    clock: time,
    random: { bytes: (length) => crypto.getRandomValues(new Uint8Array(length)) },
    readers: [],
    onDamaged: () => undefined,
  });
  const failures: unknown[] = [];
  const access = {
    facebook: { protocol },
    history,
    background: (task: () => Promise<void>) => void task().catch((error) => failures.push(error)),
  } as HistoryAccess;
  const reader = attachments({ blobs: server, local, quota: 4 * 1024 * 1024 })(access);
  const { wire } = protocol.contents.stamp(Image.create(file), { time: 1 });
  const message = { ref: 'r'.repeat(22), kind: 'image', content: wire } as MessageRecord;
  return { server, reader, message, local, failures, protocol };
}

async function isPicture(blob: Blob): Promise<boolean> {
  return equalBytes(new Uint8Array(await blob.arrayBuffer()), picture);
}

/** Compared here: the framework compares such long arrays slowly. */
async function isKept({ local, server }: Awaited<ReturnType<typeof world>>): Promise<boolean> {
  const [entry] = await local.list();
  const kept = await local.read(entry?.name ?? '');
  return kept !== undefined && equalBytes(kept, server.bytes);
}

for (const format of ['stream', 'whole'] as const) {
  test(`a file of format ${format} is fetched once, kept as it was encrypted, and typed by its bytes`, async () => {
    const all = await world({ format });
    const { server, reader, message, local } = all;
    const done: number[] = [];
    const first = await reader.read('hulk', message, { onProgress: (bytes) => done.push(bytes) });
    expect(first.type).toBe('image/png');
    expect(await isPicture(first)).toBe(true);
    expect(done.at(-1)).toBe(picture.length);
    const again = await reader.read('hulk', message, {});
    expect(await isPicture(again)).toBe(true);
    expect(server.downloads).toBe(1);
    const [entry, ...others] = await local.list();
    expect(others).toEqual([]);
    expect(entry?.name).toMatch(/^[0-9a-f]{64}$/);
    expect(await isKept(all)).toBe(true);
  });
}

test('a file that was damaged on this device is fetched again', async () => {
  const all = await world();
  const { server, reader, message, local } = all;
  await reader.read('hulk', message, {});
  const [entry] = await local.list();
  const damaged = server.bytes.slice();
  damaged[1000] = (damaged[1000] ?? 0) ^ 1;
  await local.write(entry?.name ?? '', [damaged]);
  expect(await isPicture(await reader.read('hulk', message, {}))).toBe(true);
  expect(server.downloads).toBe(2);
  expect(await isKept(all)).toBe(true);
});

test('a file is kept as a whole when the connection broke in between', async () => {
  const all = await world();
  const { server, reader, message } = all;
  server.breaksAt = 270_000;
  await reader.read('hulk', message, {});
  expect(server.downloads).toBe(2);
  expect(await isKept(all)).toBe(true);
});

test('a file without a key is not kept, because it would lie there in the clear', async () => {
  const { server, reader, message, local } = await world();
  server.bytes = picture;
  const { key: _, IV: __, ...rest } = message.content;
  const plain = { ...message, content: { ...rest, key: { algorithm: 'PLAIN' } } };
  expect(await isPicture(await reader.read('hulk', plain, {}))).toBe(true);
  expect(await local.list()).toEqual([]);
});

test('a removed message takes its file with it, and a full device does not hide a file', async () => {
  const { reader, message, local } = await world();
  await reader.read('hulk', message, {});
  await reader.forget?.(message);
  expect(await local.list()).toEqual([]);
  const full = { ...memoryBlobs(), write: () => Promise.reject(new Error('full')) };
  const other = await world({ local: full });
  expect(await isPicture(await other.reader.read('hulk', other.message, {}))).toBe(true);
  expect(other.failures).toHaveLength(1);
});

test('a file that is too large is not fetched, and a message without a file has none', async () => {
  const { server, reader, message } = await world();
  await expect(reader.read('hulk', message, { max: 1000 })).rejects.toMatchObject({
    code: 'format/limit',
  });
  expect(server.downloads).toBe(0);
  await expect(reader.read('hulk', message, { index: 1 })).rejects.toMatchObject({
    code: 'identity/not-found',
  });
});

test('files that were used least recently make room, and large ones are not kept', async () => {
  let now = 0;
  const local = memoryBlobs();
  const cache = new BlobCache({ local, quota: 100, now: () => now++ });
  const name = (at: number): string => String(at).padStart(64, '0');
  for (let at = 0; at < 5; at++) await cache.put(name(at), [new Uint8Array(20)]);
  await cache.get(name(0));
  await cache.put(name(5), [new Uint8Array(10), new Uint8Array(5)]);
  expect((await local.list()).map((entry) => Number(entry.name))).toEqual([0, 2, 3, 4, 5]);
  await cache.put(name(6), [new Uint8Array(26)]);
  expect(await cache.has(name(6))).toBe(false);
  const restarted = new BlobCache({ local, quota: 100, now: () => now++ });
  expect(await restarted.get(name(2))).toHaveLength(20);
});

test('a type is told by the first bytes, and never one that runs scripts', () => {
  const of = (text: string): string =>
    sniffType(Uint8Array.from(text, (character) => character.charCodeAt(0)));
  expect(of('\xff\xd8\xff\xe0')).toBe('image/jpeg');
  expect(of('RIFF1234WEBPVP8 ')).toBe('image/webp');
  expect(of('\0\0\0\x20ftypisom')).toBe('video/mp4');
  expect(of('OggS')).toBe('audio/ogg');
  for (const text of ['', '<html>', '<svg onload=alert(1)>', 'GIF8', 'RIFF']) {
    expect(of(text)).toBe('application/octet-stream');
  }
});
