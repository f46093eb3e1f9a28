import { execFileSync } from 'node:child_process';
import { mkdtemp, open, readdir, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask, noise } from '@dimp/fixtures/http';
import { equalBytes } from '@dimp/foundation';
import { expect, onTestFinished, test, vi } from 'vitest';
import { FileServer } from '../src/file-server.ts';
import { fileService, onDisk } from './support/file-service.ts';

test('a file that was damaged on disk is not served, and can be put again', async () => {
  const service = await fileService();
  await ask(service, 'PUT', '/f/a', { body: noise(1000) });
  const [name = ''] = await onDisk(service.folder);
  await truncate(join(service.folder, name), 500);
  expect((await ask(service, 'GET', '/f/a')).status).toBe(404);
  const body = noise(1000);
  expect((await ask(service, 'PUT', '/f/a', { body })).status).toBe(201);
  expect(equalBytes((await ask(service, 'GET', '/f/a')).body, body)).toBe(true);
});

test('bytes after the confirmed length of an unfinished file do not count', async () => {
  const service = await fileService();
  const headers = { 'Content-Range': 'bytes 0-399/1000' };
  await ask(service, 'PUT', '/f/a', { body: noise(400), headers });
  const [name = ''] = await onDisk(service.folder);
  // As after a power cut: longer, but with bytes that never came.
  const handle = await open(join(service.folder, name), 'a');
  await handle.write(new Uint8Array(600));
  await handle.close();
  expect((await ask(service, 'HEAD', '/f/a')).headers['upload-offset']).toBe('400');
  await service.close();
  const again = await fileService({ folder: service.folder });
  expect((await ask(again, 'HEAD', '/f/a')).headers['upload-offset']).toBe('400');
  expect((await ask(again, 'GET', '/f/a')).status).toBe(404);
});

test('a full disk is answered with 507, and no incomplete file stays', async () => {
  const service = await fileService();
  await ask(service, 'PUT', '/f/a', { body: noise(100) });
  const handle = await open(join(service.folder, 'probe'), 'w');
  const prototype = Object.getPrototypeOf(handle) as typeof handle;
  await handle.close();
  await rm(join(service.folder, 'probe'));
  let room = 150_000;
  const write = prototype.write;
  const full = vi.spyOn(prototype, 'write').mockImplementation(async function (
    this: typeof handle,
    ...[bytes, from, length, at]: unknown[]
  ) {
    if (room <= 0) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
    const taken = Math.min(room, length as number);
    room -= taken;
    return Reflect.apply(write, this, [bytes, from, taken, at]);
  } as typeof write);
  onTestFinished(() => full.mockRestore());
  const refused = await ask(service, 'PUT', '/f/b', { body: noise(400_000) });
  expect(refused.status).toBe(507);
  expect(service.server.state).toEqual({ bytes: 100, uploads: 0 });
  expect((await onDisk(service.folder)).length).toBe(1);
  room = 1_000_000;
  expect((await ask(service, 'PUT', '/f/b', { body: noise(400_000) })).status).toBe(201);
});

function system(command: string, ...args: readonly string[]): void {
  execFileSync(command, args, { stdio: 'ignore' });
}

/** A file system of its own, if this machine lets us have one. */
async function smallDisk(size: string): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'station-disk-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  try {
    system('mount', '-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder);
  } catch {
    return undefined;
  }
  onTestFinished(() => system('umount', '-l', folder));
  return folder;
}

test('a full file system is answered with 507, and earlier files stay', async ({ skip }) => {
  const folder = await smallDisk('4m');
  if (folder === undefined) return skip();
  const service = await fileService({ folder });
  const kept = noise(1_000_000);
  expect((await ask(service, 'PUT', '/f/a', { body: kept })).status).toBe(201);
  expect((await ask(service, 'PUT', '/f/b', { body: noise(6_000_000) })).status).toBe(507);
  expect((await onDisk(folder)).length).toBe(1);
  expect((await ask(service, 'PUT', '/f/b', { body: noise(2_000_000) })).status).toBe(201);
  expect(equalBytes((await ask(service, 'GET', '/f/a')).body, kept)).toBe(true);
  await service.close();
  const careful = await FileServer.open({ folder, limits: { minFreeBytes: 1_000_000 } });
  await careful[Symbol.asyncDispose]();
});

test('room is left on the disk for others', async ({ skip }) => {
  const folder = await smallDisk('4m');
  if (folder === undefined) return skip();
  const service = await fileService({ folder, limits: { minFreeBytes: 2_000_000 } });
  expect((await ask(service, 'PUT', '/f/a', { body: noise(3_000_000) })).status).toBe(507);
  expect((await ask(service, 'PUT', '/f/a', { body: noise(1_000_000) })).status).toBe(201);
  expect((await readdir(join(folder, 'parts'))).length).toBe(0);
});
