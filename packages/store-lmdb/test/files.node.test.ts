import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lmdbStore } from '@dimp/store-lmdb';
import { beforeAll, expect, test } from 'vitest';
import { newFolder } from './folders.ts';
import { buildPrograms, start } from './programs.ts';

beforeAll(buildPrograms);

const posix = process.platform !== 'win32';

test('a folder that cannot be created, or is a file, is store/unavailable', async () => {
  const folder = await newFolder();
  await writeFile(join(folder, 'file'), 'text');
  await mkdir(join(folder, 'lock', 'lock.mdb'), { recursive: true });
  await mkdir(join(folder, 'data', 'data.mdb'), { recursive: true });
  for (const name of ['missing/store', 'file', 'file/store', 'lock', 'data', 'a\u0000b']) {
    await expect(lmdbStore({ path: `${folder}/${name}` })).rejects.toMatchObject({
      code: 'store/unavailable',
    });
  }
});

test.runIf(posix)('files that may not be written are store/unavailable', async () => {
  const folder = await newFolder();
  const path = join(folder, 'store');
  await (await lmdbStore({ path })).close();
  // Root may write everything, so another user tries.
  for (const each of [folder, path]) await chmod(each, 0o755);
  for (const name of await readdir(path)) await chmod(join(path, name), 0o444);
  const child = start('use', path, { uid: process.getuid?.() === 0 ? 65_534 : undefined });
  await child.ended;
  expect(child.lines).toEqual(['store/unavailable']);
});

test.runIf(posix)('other users of the machine may not read a store or its backup', async () => {
  const folder = await newFolder();
  const store = await lmdbStore({ path: join(folder, 'store') });
  await store.set(['secret'], new Uint8Array(1));
  await store.backup(join(folder, 'copy'));
  await store.close();
  for (const name of ['store', 'copy']) {
    expect((await stat(join(folder, name))).mode & 0o077).toBe(0);
  }
  for (const name of await readdir(join(folder, 'store'))) {
    expect((await stat(join(folder, 'store', name))).mode & 0o077).toBe(0);
  }
});

test('writes fail with store/quota before the disk is full; reads and deletions still work', async () => {
  const path = join(await newFolder(), 'store');
  const store = await lmdbStore({ path });
  await store.set(['old'], new Uint8Array(5));
  await store.set(['kept'], new Uint8Array(6));
  await store.close();
  const full = await lmdbStore({ path, reserveBytes: 2 ** 60 });
  const quota = { code: 'store/quota' };
  const results = await Promise.allSettled([
    full.set(['new'], new Uint8Array(0)),
    full.compareAndSet(['old'], new Uint8Array(5), new Uint8Array(1)),
    full.delete(['old']),
    full.batch([
      { type: 'delete', key: ['kept'] },
      { type: 'set', key: ['new'], value: new Uint8Array(0) },
    ]),
    full.compareAndSet(['none'], undefined, undefined),
  ]);
  expect(results).toMatchObject([
    { status: 'rejected', reason: quota },
    { status: 'rejected', reason: quota },
    { status: 'fulfilled' },
    { status: 'rejected', reason: quota },
    { status: 'fulfilled', value: true },
  ]);
  expect(full.get(['kept'])).toEqual(new Uint8Array(6));
  expect(full.get(['old'])).toBeUndefined();
  await full.close();
});

test.runIf(posix)(
  'a commit that the system refuses rejects its changes, and the store goes on',
  async () => {
    const path = join(await newFolder(), 'store');
    // The system cuts the write off in the middle; 1 MiB in blocks of 512 bytes.
    const child = start('fill', path, { shell: 'ulimit -f 2047' });
    await child.ended;
    expect(child.lines).toEqual([
      expect.stringMatching(/^store\/(unavailable|quota) after true$/),
      'all there',
      'writes again',
    ]);
    const again = start('fill', path);
    await again.said('all there');
  },
);

test('a backup contains everything acknowledged before it started, while the store is written', async () => {
  const folder = await newFolder();
  const store = await lmdbStore({ path: join(folder, 'store') });
  const count = 400;
  const write = (from: number) =>
    Promise.all(
      Array.from({ length: count }, (_, i) =>
        store.batch([
          { type: 'set', key: ['a', String(from + i)], value: new Uint8Array(500).fill(i) },
          { type: 'set', key: ['b', String(from + i)], value: new Uint8Array(500).fill(i) },
        ]),
      ),
    );
  await write(0);
  const [copies] = await Promise.all([
    Promise.all(['one', 'two'].map((name) => store.backup(join(folder, name)))),
    write(count),
  ]);
  expect(copies).toHaveLength(2);
  await expect(store.backup(join(folder, 'one'))).rejects.toMatchObject({ code: 'store/conflict' });
  await expect(store.backup(join(folder, 'store'))).rejects.toMatchObject({
    code: 'store/conflict',
  });
  await expect(store.backup(join(folder, 'no', 'folder'))).rejects.toMatchObject({
    code: 'store/unavailable',
  });
  for (const name of ['one', 'two']) {
    // It opens while the store itself is open.
    const copy = await lmdbStore({ path: join(folder, name) });
    const [a, b] = [new Set<string>(), new Set<string>()];
    for await (const [[part, number]] of copy.list([])) (part === 'a' ? a : b).add(number ?? '');
    expect(a).toEqual(b);
    for (let i = 0; i < count; i++) expect(a.has(String(i))).toBe(true);
    await copy.close();
  }
  expect((await readdir(folder)).sort()).toEqual(['one', 'store', 'two']);
  // Closing waits for a backup.
  const last = store.backup(join(folder, 'three'));
  await store.close();
  await last;
  await expect(store.backup(join(folder, 'four'))).rejects.toMatchObject({ code: 'state/stopped' });
});

test('changes of one turn of the event loop share a commit', async () => {
  const path = join(await newFolder(), 'store');
  const store = await lmdbStore({ path });
  // Each commit leaves its number in the data file.
  const commits = async (): Promise<number> => {
    const data = await readFile(join(path, 'data.mdb'));
    const view = new DataView(data.buffer, data.byteOffset);
    const states = [0, view.getUint32(48, true)];
    return Math.max(...states.map((at) => Number(view.getBigUint64(at + 152, true))));
  };
  await store.set(['k'], new Uint8Array(1));
  const before = await commits();
  await Promise.all(
    Array.from({ length: 500 }, (_, i) => store.set(['k', String(i)], new Uint8Array(10))),
  );
  expect((await commits()) - before).toBe(1);
  for (let i = 0; i < 5; i++) await store.set(['k'], new Uint8Array(i));
  expect((await commits()) - before).toBe(6);
  await store.close();
});
