import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lmdbReader, lmdbStore } from '@dimp/store-lmdb';
import { expect, test } from 'vitest';
import { newFolder } from './folders.ts';

const value = new Uint8Array([1, 2, 3]);

async function closedStore(): Promise<string> {
  const path = join(await newFolder(), 'store');
  const store = await lmdbStore({ path });
  await store.set(['a', 'b'], value);
  await store.close();
  return path;
}

test('a reader reads everything, refuses all changes, and leaves the files as they are', async () => {
  const path = await closedStore();
  const before = await readFile(join(path, 'data.mdb'));
  const names = await readdir(path);
  const reader = await lmdbReader({ path });
  expect(await reader.get(['a', 'b'])).toEqual(value);
  const listed: unknown[] = [];
  for await (const entry of reader.list(['a'])) listed.push(entry);
  expect(listed).toEqual([[['a', 'b'], value]]);
  const refused = { code: 'store/unavailable' };
  await expect(reader.set(['c'], value)).rejects.toMatchObject(refused);
  await expect(reader.delete(['a', 'b'])).rejects.toMatchObject(refused);
  await expect(reader.batch([{ type: 'delete', key: ['a', 'b'] }])).rejects.toMatchObject(refused);
  await expect(reader.compareAndSet(['a', 'b'], value, undefined)).rejects.toMatchObject(refused);
  expect(await reader.get(['a', 'b'])).toEqual(value);
  await reader.close();
  expect(await readFile(join(path, 'data.mdb'))).toEqual(before);
  expect(await readdir(path)).toEqual(names);
  // It has locked no one out.
  const store = await lmdbStore({ path });
  await store.set(['c'], value);
  await store.close();
});

test('a reader works in a read-only folder', async () => {
  const path = await closedStore();
  for (const name of await readdir(path)) await chmod(join(path, name), 0o400);
  await chmod(path, 0o500);
  try {
    const reader = await lmdbReader({ path });
    expect(await reader.get(['a', 'b'])).toEqual(value);
    await reader.close();
  } finally {
    await chmod(path, 0o700);
  }
});

test('a reader refuses a store that is open, missing or damaged', async () => {
  const path = await closedStore();
  const store = await lmdbStore({ path });
  await expect(lmdbReader({ path })).rejects.toMatchObject({ code: 'store/conflict' });
  await store.close();
  const folder = await newFolder();
  await expect(lmdbReader({ path: join(folder, 'none') })).rejects.toMatchObject({
    code: 'store/unavailable',
  });
  await mkdir(join(folder, 'noise'));
  await writeFile(join(folder, 'noise', 'data.mdb'), 'x'.repeat(10_000));
  await expect(lmdbReader({ path: join(folder, 'noise') })).rejects.toMatchObject({
    code: 'store/corrupt',
  });
});
