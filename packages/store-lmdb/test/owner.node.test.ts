import { once } from 'node:events';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { lmdbStore } from '@dimp/store-lmdb';
import { beforeAll, expect, test } from 'vitest';
import { checkOwner } from '../src/owner.ts';
import { newFolder } from './folders.ts';
import {
  buildPrograms,
  namespaceCommand,
  programFile,
  start,
  startInNamespace,
} from './programs.ts';

beforeAll(buildPrograms);

/** Files that lock a folder, or did. */
async function locksIn(path: string): Promise<readonly string[]> {
  return (await readdir(path).catch(() => [])).filter((name) => name.startsWith('.lock-'));
}

test('a store that this process has open cannot be opened again until it is closed', async () => {
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
  await store.close();
  await (await lmdbStore({ path })).close();
});

test('one of several concurrent calls opens a new store', async () => {
  const path = join(await newFolder(), 'store');
  const results = await Promise.allSettled(Array.from({ length: 8 }, () => lmdbStore({ path })));
  const stores = results.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const errors = results.flatMap((each) => (each.status === 'rejected' ? [each.reason.code] : []));
  expect(stores).toHaveLength(1);
  expect(new Set(errors)).toEqual(new Set(['store/conflict']));
  await stores[0]?.set(['k'], new Uint8Array(1));
  await stores[0]?.close();
});

test('a store of another process is refused, and is free as soon as that process is killed', async () => {
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
  await store.close();
});

test('one of several concurrent processes opens a new store', async () => {
  const path = join(await newFolder(), 'store');
  const children = Array.from({ length: 4 }, () => start('use', path));
  await Promise.all(children.map((child) => child.ended));
  const lines = children.map((child) => child.lines.join());
  // Those who came when it was closed again got it as well.
  expect(lines.every((line) => line === 'store/conflict' || /^used \d+$/.test(line))).toBe(true);
  expect(lines.some((line) => line.startsWith('used'))).toBe(true);
});

test('without sockets, the process ID counts, unless that process started after the owner', async () => {
  const path = join(await newFolder(), 'store');
  const child = start('hold', path);
  await child.said('open');
  const file = join(path, 'owner.json');
  const owner = JSON.parse(await readFile(file, 'utf8'));
  child.process.kill('SIGKILL');
  await child.ended;
  const claim = async (changes: object): Promise<() => void> => {
    await writeFile(file, JSON.stringify({ ...owner, pid: process.pid, start: null, ...changes }));
    return () => checkOwner(path);
  };

  if (owner.start !== null) expect(await claim({ start: '1' })).not.toThrow();
  // The machine was restarted since.
  if (owner.boot !== null) expect(await claim({ boot: 'another' })).not.toThrow();
  expect(await claim({ boot: null, since: 1 })).not.toThrow();
  // Where the system tells nothing else, the number alone counts.
  expect(await claim({ boot: null })).toThrow(expect.objectContaining({ code: 'store/conflict' }));
  expect(await claim({ boot: null, file: '1:1' })).not.toThrow();
});

test('invalid bytes in the owner file are ignored', async () => {
  const path = join(await newFolder(), 'store');
  await (await lmdbStore({ path })).close();
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
    await writeFile(join(path, 'owner.json'), text);
    expect(() => checkOwner(path)).not.toThrow();
    await (await lmdbStore({ path })).close();
  }
});

test('files left by a killed process are removed, and its process ID is ignored', async () => {
  const path = join(await newFolder(), 'store');
  const child = start('hold', path);
  await child.said('open');
  child.process.kill('SIGKILL');
  await child.ended;
  // As a container would find it whose processes are counted anew: the number is that of a process that lives.
  const file = join(path, 'owner.json');
  const owner = JSON.parse(await readFile(file, 'utf8'));
  await writeFile(file, JSON.stringify({ ...owner, pid: process.pid, start: null }));
  const store = await lmdbStore({ path });
  expect(await locksIn(path)).toHaveLength(2);
  await store.close();
  expect(await locksIn(path)).toEqual([]);
});

test('a store with a long path is locked and unlocked like any other', async () => {
  const path = join(await newFolder(), 'x'.repeat(120));
  const store = await lmdbStore({ path });
  await expect(lmdbStore({ path })).rejects.toMatchObject({ code: 'store/conflict' });
  await store.close();
  await (await lmdbStore({ path })).close();
});

test('a store is free as soon as its thread is terminated', async () => {
  const path = join(await newFolder(), 'store');
  const thread = new Worker(programFile(), { argv: ['hold', path] });
  expect(await once(thread, 'message')).toEqual(['open']);
  await expect(lmdbStore({ path })).rejects.toMatchObject({ code: 'store/conflict' });
  await thread.terminate();
  const store = await lmdbStore({ path });
  await store.set(['k'], new Uint8Array(1));
  await store.close();
}, 60_000);

test('a store of a process in another PID namespace is refused, and is free as soon as that process is killed', async (context) => {
  const unshare = namespaceCommand();
  if (unshare === undefined) return context.skip('this system permits no PID namespaces');
  const path = join(await newFolder(), 'store');
  const first = startInNamespace(unshare, 'hold', path);
  await first.said('open');
  expect(JSON.parse(await readFile(join(path, 'owner.json'), 'utf8')).pid).toBeLessThan(10);
  const second = startInNamespace(unshare, 'use', path);
  await second.said('store/conflict');
  await expect(lmdbStore({ path })).rejects.toMatchObject({
    code: 'store/conflict',
    message: expect.stringContaining('of another container'),
  });
  first.process.kill('SIGKILL');
  await first.ended;
  const third = startInNamespace(unshare, 'use', path);
  await third.said('used 0');
}, 60_000);

test('a copy of the folder of an open store has no owner', async () => {
  const folder = await newFolder();
  const path = join(folder, 'store');
  const store = await lmdbStore({ path });
  await store.set(['k'], new Uint8Array(3));
  const copy = join(folder, 'copy');
  // Node's own copying refuses sockets, and a copy needs none.
  await cp(path, copy, { recursive: true, filter: (name) => !name.endsWith('.sock') });
  const other = await lmdbStore({ path: copy });
  expect(await other.get(['k'])).toEqual(new Uint8Array(3));
  await other.close();
  await store.close();
});
