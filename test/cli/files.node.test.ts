import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { protocol } from '../../apps/cli/src/account/protocol.ts';
import { parseStation } from '../../apps/cli/src/account/stations.ts';
import { Downloads } from '../../apps/cli/src/files/downloads.ts';
import {
  type FileReport,
  FileSender,
  type FileSenderParts,
} from '../../apps/cli/src/files/file-sender.ts';
import { allowedServers } from '../../apps/cli/src/files/servers.ts';
import { FileSpool } from '../../apps/cli/src/files/spool.ts';
import { type WaitingFile, WaitingFiles } from '../../apps/cli/src/files/waiting-files.ts';
import { downloadFile, uploadFile } from '../../packages/client/src/files.ts';
import { Facebook, register } from '../../packages/client/src/index.ts';
import type { BlobSource, BlobStore, UploadOptions } from '../../packages/core/src/index.ts';
import { memoryBlobStore, memoryStore } from '../../packages/core/src/memory.ts';
import { ProtocolError } from '../../packages/foundation/src/index.ts';
import { temporaryFolder } from '../helpers/folder.node.ts';

const BYTES = new Uint8Array(600_000).map((_, index) => index * 7);

/** Whether these are the bytes of the file; faster than the comparison of `expect`. */
function isWhole(bytes: Uint8Array): boolean {
  return Buffer.from(bytes).equals(BYTES);
}

/** A person who sends files to themselves, over a server that can be broken. */
async function sender() {
  const folder = await temporaryFolder();
  const store = memoryStore();
  const facebook = new Facebook({ protocol, store });
  const { id } = await register('moki', { facebook, algorithm: 'Ed25519' });
  const spool = new FileSpool(join(folder, 'spool'));
  const waiting = new WaitingFiles(store);
  const reports: FileReport[] = [];
  const sent: (WaitingFile & { readonly url: string })[] = [];
  const blobs = memoryBlobStore();
  const make = (
    server: BlobStore,
    parts: Partial<Pick<FileSenderParts, 'spool' | 'visas'>> = {},
  ): FileSender =>
    new FileSender({
      spool,
      waiting,
      facebook,
      server: () => server,
      isOnline: () => true,
      visas: async () => true,
      send: async (file) => {
        sent.push(file);
        return `ref-${sent.length}`;
      },
      onReport: (report) => reports.push(report),
      onFailure: (error) => expect.unreachable(String(error)),
      readID: (text) => protocol.parseID(text),
      ...parts,
    });
  const path = join(folder, 'plan.pdf');
  await writeFile(path, BYTES);
  return { folder, facebook, id, spool, waiting, reports, sent, blobs, make, path };
}

/** A server that breaks off after a number of bytes, once. */
function breaking(blobs: BlobStore, error: ProtocolError): BlobStore & { broken: number } {
  return {
    broken: 0,
    async upload(source, options) {
      if (this.broken === 0) {
        this.broken += 1;
        throw error;
      }
      return blobs.upload(source, options);
    },
    download: (url, options) => blobs.download(url, options),
  };
}

test('a file is on disk encrypted before anything leaves, and is sent by a later program although the original is gone', async () => {
  const { folder, id, spool, waiting, reports, sent, blobs, make, path } = await sender();
  const never: BlobStore = {
    upload: () => Promise.reject(new ProtocolError('transport/refused', 'no server')),
    download: () => expect.unreachable(),
  };
  const first = make(never);
  const { id: name, name: stored } = await first.add({ path, kind: 'file', receiver: id });
  await first.close();
  expect(sent).toEqual([]);
  const sealed = await readFile(join(folder, 'spool', stored));
  expect(sealed.includes(Buffer.from(BYTES.subarray(1000, 1100)))).toBe(false);
  expect((await stat(join(folder, 'spool', stored))).mode & 0o777).toBe(0o600);
  await writeFile(path, 'changed');
  const [kept] = await waiting.all();
  if (kept?.error !== undefined) await make(blobs).retry(name);
  const second = make(blobs);
  second.wake();
  await second.idle(AbortSignal.timeout(5000));
  expect(sent).toHaveLength(1);
  const [file] = sent;
  expect(file?.filename).toBe('plan.pdf');
  const { url: URL = '', key, size, sha256 } = file ?? {};
  if (key === undefined || size === undefined || sha256 === undefined) expect.unreachable();
  const bytes = await downloadFile(blobs, { URL, key, size, sha256 }).bytes();
  expect(isWhole(bytes)).toBe(true);
  expect(await waiting.all()).toEqual([]);
  await expect(stat(join(folder, 'spool', stored))).rejects.toMatchObject({ code: 'ENOENT' });
  expect(reports.at(-1)).toMatchObject({ id: name, state: 'sent', ref: 'ref-1' });
  await expect(spool.source(stored)).rejects.toMatchObject({ code: 'identity/not-found' });
});

test('a broken upload goes on, and one that the server refuses waits until it is tried again or discarded', async () => {
  const { id, waiting, reports, sent, blobs, make, path } = await sender();
  const broken = breaking(blobs, new ProtocolError('transport/closed', 'the connection broke'));
  const first = make(broken);
  await first.add({ path, kind: 'image', receiver: id, thumbnail: new Uint8Array([1, 2, 3]) });
  await expect.poll(() => reports.some(({ error }) => error === 'transport/closed')).toBe(true);
  first.wake();
  await first.idle(AbortSignal.timeout(5000));
  expect(sent).toMatchObject([{ kind: 'image', thumbnail: new Uint8Array([1, 2, 3]) }]);
  const refusing = breaking(blobs, new ProtocolError('store/too-large', 'the file is too large'));
  const second = make(refusing);
  const { id: name } = await second.add({ path, kind: 'file', receiver: id });
  await second.idle(AbortSignal.timeout(5000));
  expect(reports.at(-1)).toMatchObject({ state: 'failed', error: 'store/too-large' });
  expect(await waiting.all()).toMatchObject([{ id: name, error: 'store/too-large' }]);
  await second.retry(name);
  await second.idle(AbortSignal.timeout(5000));
  expect(sent).toHaveLength(2);
  const third = make(breaking(blobs, new ProtocolError('store/quota', 'no room')));
  const { id: last } = await third.add({ path, kind: 'file', receiver: id });
  await third.idle(AbortSignal.timeout(5000));
  await third.discard(last);
  expect(await waiting.all()).toEqual([]);
  expect(sent).toHaveLength(2);
  await expect(third.retry(last)).rejects.toMatchObject({ code: 'identity/not-found' });
});

/** A person whose visa is not known to others yet, and whose program cannot read streams. */
async function olderPerson() {
  const facebook = new Facebook({ protocol, store: memoryStore() });
  const options = { facebook, algorithm: 'Ed25519', visa: { accepts: [] } } as const;
  const { id } = await register('hulk', options);
  const [meta, visa] = [await facebook.meta(id), await facebook.document(id)];
  if (meta === undefined || visa === undefined) expect.unreachable();
  const reveal = async (to: Facebook): Promise<boolean> => {
    await to.saveMeta(meta, id);
    await to.saveDocument(visa, id);
    return true;
  };
  return { id, reveal };
}

test('a file that was encrypted again for its receiver can be tried again after the server has refused it', async () => {
  const { facebook, waiting, sent, blobs, make, path } = await sender();
  const { id, reveal } = await olderPerson();
  const refusing = breaking(blobs, new ProtocolError('store/quota', 'no room'));
  const files = make(refusing, { visas: () => reveal(facebook) });
  const { id: name, format } = await files.add({ path, kind: 'file', receiver: id });
  await files.idle(AbortSignal.timeout(5000));
  expect(format).toBe('stream');
  expect(await waiting.all()).toMatchObject([{ format: 'whole', error: 'store/quota' }]);
  await files.retry(name);
  await files.idle(AbortSignal.timeout(5000));
  expect(sent).toMatchObject([{ id: name, format: 'whole' }]);
});

test('a file that is discarded while it is encrypted again stays discarded, and leaves nothing in the folder', async () => {
  const { folder, facebook, waiting, sent, blobs, make, path } = await sender();
  const { id, reveal } = await olderPerson();
  let name = '';
  class DiscardingSpool extends FileSpool {
    override async upload(source: BlobSource, options: UploadOptions): Promise<string> {
      const url = await super.upload(source, options);
      if (name !== '') await files.discard(name);
      return url;
    }
  }
  const spool = new DiscardingSpool(join(folder, 'spool'));
  const files = make(blobs, { spool, visas: () => reveal(facebook) });
  ({ id: name } = await files.add({ path, kind: 'file', receiver: id }));
  await files.idle(AbortSignal.timeout(5000));
  expect([sent, await waiting.all(), await readdir(join(folder, 'spool'))]).toEqual([[], [], []]);
});

test('old files that are not wanted are removed from the folder, and others stay', async () => {
  const { folder, spool } = await sender();
  const blobs = memoryBlobStore();
  const { URL: url } = await uploadFile(blobs, BYTES, { format: 'stream' });
  for (const name of ['old.in', 'wanted', 'new.in']) await spool.fetch(name, { blobs, url });
  const path = (name: string): string => join(folder, 'spool', name);
  await writeFile(path('half.in.part'), 'half');
  await writeFile(path('Notes of the user.txt'), 'mine');
  const long = Date.now() / 1000 - 31 * 86_400;
  for (const name of await readdir(path('.'))) {
    if (name !== 'new.in') await utimes(path(name), long, long);
  }
  await spool.sweep((name) => name === 'wanted');
  expect((await readdir(path('.'))).sort()).toEqual(['Notes of the user.txt', 'new.in', 'wanted']);
});

test('a folder and a missing file are refused', async () => {
  const { folder, id, make, blobs } = await sender();
  const files = make(blobs);
  const add = (path: string) => files.add({ path, kind: 'file', receiver: id });
  await expect(add(join(folder, 'none'))).rejects.toMatchObject({ code: 'file/unreadable' });
  await expect(add(folder)).rejects.toMatchObject({ code: 'usage' });
});

test('an interrupted download goes on where it stopped, also in a later program, and a changed file is refused', async () => {
  const { folder, spool } = await sender();
  const blobs = memoryBlobStore();
  const location = await uploadFile(blobs, BYTES, { format: 'stream', filename: '../plan.pdf' });
  const offsets: number[] = [];
  const server = (breakAt: number): BlobStore => ({
    upload: () => expect.unreachable(),
    async *download(url, options = {}) {
      offsets.push(options.offset ?? 0);
      let done = options.offset ?? 0;
      for await (const bytes of blobs.download(url, options)) {
        if (done + bytes.length > breakAt) throw new ProtocolError('transport/refused', 'broken');
        done += bytes.length;
        yield bytes;
      }
    },
  });
  const into = join(folder, 'in');
  const cut = new Downloads(spool).save(location, { folder: into, blobs: server(300_000) });
  await expect(cut).rejects.toMatchObject({ code: 'transport/refused' });
  const done: number[] = [];
  const path = await new Downloads(spool).save(location, {
    folder: into,
    blobs: server(Number.POSITIVE_INFINITY),
    onProgress: (bytes) => done.push(bytes),
  });
  expect(path).toBe(join(into, 'plan.pdf'));
  expect(isWhole(await readFile(path))).toBe(true);
  expect(offsets[0]).toBe(0);
  expect(offsets[1]).toBeGreaterThan(100_000);
  expect(done.at(-1)).toBe(BYTES.length);
  // The server sends another file of the same length.
  const other = await uploadFile(
    blobs,
    BYTES.map((each) => each ^ 1),
    { format: 'stream' },
  );
  const swapped = { ...location, URL: other.URL };
  const refused = new Downloads(spool).save(swapped, { folder: into, blobs });
  await expect(refused).rejects.toMatchObject({ code: 'crypto/decrypt' });
});

test('two downloads of one file at a time save it twice', async () => {
  const { folder, spool } = await sender();
  const blobs = memoryBlobStore();
  const location = await uploadFile(blobs, BYTES, { format: 'whole', filename: 'a.bin' });
  const downloads = new Downloads(spool);
  const save = () => downloads.save(location, { folder, blobs });
  const paths = await Promise.all([save(), save()]);
  expect(new Set(paths).size).toBe(2);
  for (const path of paths) expect(isWhole(await readFile(path))).toBe(true);
});

test('a download that was complete before it could be opened is not fetched again from the beginning', async () => {
  const { spool } = await sender();
  const blobs = memoryBlobStore();
  const { URL: url, ...facts } = await uploadFile(blobs, BYTES, { format: 'stream' });
  const location = { ...facts, URL: url };
  await spool.fetch('part.in', { blobs, url });
  await spool.fetch('part.in', { blobs: { ...blobs, download: () => expect.unreachable() }, url });
  const bytes = await downloadFile(spool, { ...location, URL: 'spool:part.in' }).bytes();
  expect(isWhole(bytes)).toBe(true);
  await expect(spool.fetch('../a', { blobs, url })).rejects.toMatchObject({
    code: 'identity/not-found',
  });
});

test('files come from the stations, from named hosts, and from servers with public addresses', () => {
  const allow = allowedServers([parseStation('tcp://10.0.0.1:9394')], ['files.example:8080']);
  expect(allow(new URL('http://10.0.0.1:9394/f/a'))).toBe(true);
  expect(allow(new URL('https://files.example:8080/a'))).toBe(true);
  expect(allow(new URL('http://10.0.0.1:80/admin'))).toBe('public');
  expect(allow(new URL('https://elsewhere.example/a'))).toBe('public');
});
