import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lmdbStore } from '@dimp/store-lmdb';
import { beforeAll, expect, test } from 'vitest';
import { newFolder } from './folders.ts';
import { buildPrograms, start } from './programs.ts';

beforeAll(buildPrograms);

test('a store that this process has open is not opened again before it is closed', async () => {
  const path = join(await newFolder(), 'store');
  const store = await lmdbStore({ path });
  // It is busy meanwhile: opening it must not wait for what waits for this thread.
  const writing = Promise.all(
    Array.from({ length: 100 }, (_, i) => store.set(['k', String(i)], new Uint8Array(10))),
  );
  await expect(lmdbStore({ path })).rejects.toMatchObject({
    code: 'store/conflict',
    message: 'this process has the store open already',
    details: { pid: process.pid },
  });
  await writing;
  await store[Symbol.asyncDispose]();
  await (await lmdbStore({ path }))[Symbol.asyncDispose]();
});

test('of several who open a new store at once, one gets it', async () => {
  const path = join(await newFolder(), 'store');
  const results = await Promise.allSettled(Array.from({ length: 8 }, () => lmdbStore({ path })));
  const stores = results.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const errors = results.flatMap((each) => (each.status === 'rejected' ? [each.reason.code] : []));
  expect(stores).toHaveLength(1);
  expect(new Set(errors)).toEqual(new Set(['store/conflict']));
  await stores[0]?.set(['k'], new Uint8Array(1));
  await stores[0]?.[Symbol.asyncDispose]();
});

test('a store that another process has open is refused, and free at once when that was killed', async () => {
  const path = join(await newFolder(), 'store');
  const child = start('hold', path);
  await child.said('open');
  await expect(lmdbStore({ path })).rejects.toMatchObject({
    code: 'store/conflict',
    details: { pid: child.process.pid },
  });
  child.process.kill('SIGKILL');
  await child.ended;
  const store = await lmdbStore({ path });
  const other = start('use', path);
  await other.said('store/conflict');
  await store.set(['k'], new Uint8Array(1));
  await store[Symbol.asyncDispose]();
});

test('of several processes that open a new store at once, one gets it', async () => {
  const path = join(await newFolder(), 'store');
  const children = Array.from({ length: 4 }, () => start('use', path));
  await Promise.all(children.map((child) => child.ended));
  const lines = children.map((child) => child.lines.join());
  // Those who came when it was closed again got it as well.
  expect(lines.every((line) => line === 'store/conflict' || /^used \d+$/.test(line))).toBe(true);
  expect(lines.some((line) => line.startsWith('used'))).toBe(true);
});

test('a process that has the number of the owner, but was started later, is not the owner', async () => {
  const path = join(await newFolder(), 'store');
  const child = start('hold', path);
  await child.said('open');
  const file = join(path, 'owner.json');
  const owner = JSON.parse(await readFile(file, 'utf8'));
  child.process.kill('SIGKILL');
  await child.ended;
  const claim = (changes: object) => writeFile(file, JSON.stringify({ ...owner, ...changes }));

  await claim({ pid: process.pid, start: owner.start === null ? null : '1', since: owner.since });
  if (owner.start !== null) await (await lmdbStore({ path }))[Symbol.asyncDispose]();
  // The machine was restarted since.
  await claim({ pid: process.pid, start: null, boot: 'another' });
  if (owner.boot !== null) await (await lmdbStore({ path }))[Symbol.asyncDispose]();
  await claim({ pid: process.pid, start: null, boot: null, since: 1 });
  await (await lmdbStore({ path }))[Symbol.asyncDispose]();
  // Where the system tells nothing else, the number alone counts.
  await claim({ pid: process.pid, start: null, boot: null });
  await expect(lmdbStore({ path })).rejects.toMatchObject({ code: 'store/conflict' });
});

test('garbage in the place of an owner is none', async () => {
  const path = join(await newFolder(), 'store');
  const big = JSON.stringify({ pid: process.pid, since: 1e12 });
  for (const text of [
    '',
    '{',
    '[]',
    'null',
    '{"pid":-1,"since":0,"file":""}',
    big,
    '{"pid":"1"}',
  ]) {
    await (await lmdbStore({ path }))[Symbol.asyncDispose]();
    await writeFile(join(path, 'owner.json'), text);
  }
  await (await lmdbStore({ path }))[Symbol.asyncDispose]();
});

test('a copy of the folder of an open store belongs to nobody', async () => {
  const folder = await newFolder();
  const path = join(folder, 'store');
  const store = await lmdbStore({ path });
  await store.set(['k'], new Uint8Array(3));
  const copy = join(folder, 'copy');
  await cp(path, copy, { recursive: true });
  const other = await lmdbStore({ path: copy });
  expect(await other.get(['k'])).toEqual(new Uint8Array(3));
  await other[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
});
