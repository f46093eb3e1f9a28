import { execFileSync } from 'node:child_process';
import { mkdtemp, open, readdir, rm, truncate, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Clock } from '@dimp/core';
import { ask, noise, until } from '@dimp/fixtures/http';
import { equalBytes } from '@dimp/foundation';
import { expect, onTestFinished, test, vi } from 'vitest';
import { FILE_COST } from '../src/disk-usage.ts';
import { FileServer } from '../src/file-server.ts';
import { fileService, onDisk, say } from './support/file-service.ts';

const DAY = 86_400_000;

/** A clock that a test moves. */
function fakeClock(): Clock & { time: number } {
  return {
    time: Date.now(),
    now() {
      return this.time;
    },
  };
}

test('a file above the limit is refused, and one at the limit is accepted, also in parts', async () => {
  const service = await fileService({ limits: { maxFileBytes: 1000 } });
  expect((await ask(service, 'PUT', '/f/a', { body: noise(1001) })).status).toBe(413);
  const part = { body: noise(10), headers: { 'Content-Range': 'bytes 0-9/1001' } };
  expect((await ask(service, 'PUT', '/f/a', part)).status).toBe(413);
  expect(await onDisk(service.folder)).toEqual([]);
  expect((await ask(service, 'PUT', '/f/a', { body: noise(1000) })).status).toBe(201);
});

test('all files together stay below the quota, including unfinished uploads', async () => {
  const service = await fileService({ limits: { totalBytes: 1_000_000 } });
  expect((await ask(service, 'PUT', '/f/a', { body: noise(600_000) })).status).toBe(201);
  const socket = await say(
    service.port,
    'PUT /f/b HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\nx',
  );
  await until(() => service.server.state.bytes === 600_001);
  expect((await ask(service, 'PUT', '/f/c', { body: noise(200_000) })).status).toBe(507);
  socket.destroy();
  await until(() => service.server.state.uploads === 0);
  expect((await ask(service, 'PUT', '/f/c', { body: noise(200_000) })).status).toBe(201);
  expect((await ask(service, 'PUT', '/f/d', { body: noise(200_000) })).status).toBe(507);
  expect(service.server.state.bytes).toBe(800_001);
});

test('files on disk count after a restart', async () => {
  const first = await fileService({ limits: { totalBytes: 100_000 } });
  await ask(first, 'PUT', '/f/a', { body: noise(80_000) });
  await first.close();
  const second = await fileService({ folder: first.folder, limits: { totalBytes: 100_000 } });
  expect(second.server.state.bytes).toBe(80_000);
  expect((await ask(second, 'PUT', '/f/b', { body: noise(2000) })).status).toBe(507);
  expect((await ask(second, 'GET', '/f/a')).body.length).toBe(80_000);
});

test('empty files count for the quota and the daily limit of an address, before and after a restart', async () => {
  const limits = { totalBytes: 100_000, addressBytesPerDay: 1_000_000 };
  const empty = { body: noise(0) };
  const first = await fileService({ limits });
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
    expect((await ask(first, 'PUT', `/f/${name}`, empty)).status).toBe(201);
  }
  expect((await ask(first, 'PUT', '/f/g', empty)).status).toBe(507);
  expect(first.server.state.bytes).toBe(0);
  await first.close();
  const second = await fileService({ folder: first.folder, limits });
  expect((await ask(second, 'PUT', '/f/g', empty)).status).toBe(507);
  const frugal = await fileService({ limits: { addressBytesPerDay: 40_000 } });
  for (const [name, status] of [
    ['a', 201],
    ['b', 201],
    ['c', 429],
  ] as const) {
    expect((await ask(frugal, 'PUT', `/f/${name}`, empty)).status).toBe(status);
  }
});

test('uploads of an address are limited for each day, and the refusal says when to try again', async () => {
  const clock = fakeClock();
  const service = await fileService({ clock, limits: { addressBytesPerDay: 1_000_000 } });
  const [most, more] = [800_000 - FILE_COST, 400_000 - FILE_COST];
  expect((await ask(service, 'PUT', '/f/a', { body: noise(most) })).status).toBe(201);
  const refused = await ask(service, 'PUT', '/f/b', { body: noise(more) });
  expect([refused.status, refused.headers['retry-after']]).toEqual([429, String(86_400 / 5)]);
  clock.time += DAY / 5;
  expect((await ask(service, 'PUT', '/f/b', { body: noise(more) })).status).toBe(201);
  expect((await ask(service, 'PUT', '/f/c', { body: noise(1) })).status).toBe(429);
});

test('concurrent uploads of an address are limited', async () => {
  const service = await fileService({ limits: { addressUploadsAtOnce: 2 } });
  const sockets = [];
  for (const name of ['a', 'b']) {
    const head = `PUT /f/${name} HTTP/1.1\r\nHost: a\r\nContent-Length: 3000\r\n\r\nx`;
    sockets.push(await say(service.port, head));
  }
  await until(() => service.server.state.bytes === 2);
  expect((await ask(service, 'PUT', '/f/c', { body: noise(10) })).status).toBe(429);
  for (const socket of sockets) socket.destroy();
  await until(() => service.server.state.uploads === 0);
  expect((await ask(service, 'PUT', '/f/c', { body: noise(10) })).status).toBe(201);
});

test('the operator decides who may upload; all may download', async () => {
  const closed = await fileService({ uploads: 'none' });
  expect((await ask(closed, 'PUT', '/f/a', { body: noise(10) })).status).toBe(403);
  const token = 'a token of some length';
  const service = await fileService({ uploads: { token: token.replaceAll(' ', '-') } });
  const put = (Authorization: string) =>
    ask(service, 'PUT', '/f/a', { body: noise(10), headers: { Authorization } });
  const none = await ask(service, 'PUT', '/f/a', { body: noise(10) });
  expect([none.status, none.headers['www-authenticate']]).toEqual([401, 'Bearer']);
  expect((await put('Bearer a-token-of-some-lengt')).status).toBe(401);
  expect((await put('Basic a-token-of-some-length')).status).toBe(401);
  expect((await put('Bearer a-token-of-some-length')).status).toBe(201);
  expect((await ask(service, 'GET', '/f/a')).status).toBe(200);
});

const FORM =
  'POST /upload/4WDfe3zZ4T7opFSi3iDAKiuTnUHjxmXekk/file HTTP/1.1\r\nHost: a\r\n' +
  'Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 9000\r\n\r\n--b\r\n';

test.each([
  ['a file', 'PUT /f/a HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n'],
  ['a form', `${FORM}Content-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n`],
  ['the head of a form', FORM],
  ['a file once more', 'PUT /f/zeros HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n'],
])('a slow %s does not keep its place without end', async (_what, head) => {
  const clock = fakeClock();
  const limits = { minBytesPerSecond: 10, uploadsAtOnce: 1 };
  const service = await fileService({ clock, limits });
  await ask(service, 'PUT', '/f/zeros', { body: Buffer.from('0'.repeat(9000)) });
  const socket = await say(service.port, `${head}${'0'.repeat(200)}`);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await until(() => service.server.state.uploads === 1);
  clock.time += 15_000;
  socket.write('0');
  await setTimeout(100);
  expect((await ask(service, 'PUT', '/f/b', { body: noise(10) })).status).toBe(503);
  clock.time += 16_000;
  socket.write('0');
  await closed;
  await until(async () => (await ask(service, 'PUT', '/f/b', { body: noise(10) })).status === 201);
});

/** An upload that says nothing after its head. */
const SILENT = (name: string) =>
  `PUT /f/${name} HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n`;

test('a silent upload loses its place after half a minute', async () => {
  const clock = fakeClock();
  const service = await fileService({ clock, limits: { uploadsAtOnce: 1 } });
  const socket = await say(service.port, SILENT('a'));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await until(() => service.server.state.uploads === 1);
  clock.time += 29_000;
  await setTimeout(1500);
  expect(service.server.state.uploads).toBe(1);
  clock.time += 2000;
  await closed;
  expect((await ask(service, 'PUT', '/f/b', { body: noise(10) })).status).toBe(201);
});

test('when all places are taken, an address without one gets one of the address with most', async () => {
  const service = await fileService({ limits: { uploadsAtOnce: 4, addressUploadsAtOnce: 4 } });
  const sockets = [];
  for (const name of ['a', 'b', 'c', 'd']) sockets.push(await say(service.port, SILENT(name)));
  sockets[0]?.write(noise(5000));
  await until(() => service.server.state.bytes === 5000);
  await until(() => service.server.state.uploads === 4);
  // The address that has them all gets no more, and takes none of its own.
  expect((await ask(service, 'PUT', '/f/e', { body: noise(10) })).status).toBe(429);
  const other = { port: await service.portFor('192.0.2.7') };
  const third = { port: await service.portFor('198.51.100.3') };
  expect((await ask(other, 'PUT', '/f/e', { body: noise(10) })).status).toBe(201);
  // The one that brought something has kept its place.
  expect(sockets[0]?.destroyed).toBe(false);
  expect(service.server.state.uploads).toBe(3);
  for (const name of ['x', 'y']) await say(other.port, SILENT(name));
  await setTimeout(300);
  expect(service.server.state.uploads).toBe(4);
  // Two each: neither takes anything from the other.
  for (const one of [service, other]) {
    expect((await ask(one, 'PUT', '/f/g', { body: noise(10) })).status).toBe(503);
  }
  expect((await ask(third, 'PUT', '/f/g', { body: noise(10) })).status).toBe(201);
});

test('slow uploads of an address make room for others of it, and fast ones do not', async () => {
  const clock = fakeClock();
  const limits = { addressUploadsAtOnce: 2, minBytesPerSecond: 10 };
  const service = await fileService({ clock, limits });
  // Twice as fast as an upload must be while no other one waits.
  for (const name of ['a', 'b']) {
    (await say(service.port, SILENT(name))).write(noise(800));
  }
  await until(() => service.server.state.bytes === 1600);
  expect((await ask(service, 'PUT', '/f/c', { body: noise(10) })).status).toBe(429);
  clock.time += 40_000;
  expect((await ask(service, 'PUT', '/f/c', { body: noise(10) })).status).toBe(201);
  const fast = await say(service.port, SILENT('d'));
  fast.write(noise(200_000));
  const also = await say(service.port, SILENT('e'));
  also.write(noise(200_000));
  await until(() => service.server.state.uploads === 2);
  await until(() => service.server.state.bytes > 400_000);
  clock.time += 40_000;
  expect((await ask(service, 'PUT', '/f/g', { body: noise(10) })).status).toBe(429);
});

test('a short token and invalid limits are errors', async () => {
  await expect(fileService({ uploads: { token: 'short' } })).rejects.toThrow(RangeError);
  await expect(fileService({ limits: { totalBytes: -1 } })).rejects.toThrow(RangeError);
  await expect(fileService({ limits: { keepFinished: Number.NaN } })).rejects.toThrow(RangeError);
});

test('finished files expire: requests fail at once, and the sweep removes them from disk', async () => {
  const clock = fakeClock();
  const service = await fileService({ clock, limits: { keepFinished: 10 * DAY } });
  await ask(service, 'PUT', '/f/a', { body: noise(1000) });
  clock.time += 5 * DAY;
  await ask(service, 'PUT', '/f/b', { body: noise(500) });
  clock.time += 5 * DAY;
  expect((await ask(service, 'GET', '/f/a')).status).toBe(200);
  clock.time += 1000;
  expect((await ask(service, 'GET', '/f/a')).status).toBe(404);
  expect((await ask(service, 'GET', '/f/b')).status).toBe(200);
  expect((await onDisk(service.folder)).length).toBe(2);
  expect(await service.server.sweep()).toEqual({ files: 1, bytes: 500, removed: 1 });
  expect(service.server.state.bytes).toBe(500);
  expect((await onDisk(service.folder)).length).toBe(1);
});

test('the name of an expired file can be used again before the sweep', async () => {
  const clock = fakeClock();
  const service = await fileService({ clock, limits: { keepFinished: DAY } });
  await ask(service, 'PUT', '/f/a', { body: noise(1000) });
  clock.time += DAY + 1000;
  const body = noise(300);
  expect((await ask(service, 'PUT', '/f/a', { body })).status).toBe(201);
  expect(equalBytes((await ask(service, 'GET', '/f/a')).body, body)).toBe(true);
  expect(service.server.state.bytes).toBe(300);
});

test('unfinished files expire, but not while they are being written', async () => {
  const clock = fakeClock();
  const service = await fileService({ clock });
  const part = (name: string) =>
    ask(service, 'PUT', `/f/${name}`, {
      body: noise(400),
      headers: { 'Content-Range': 'bytes 0-399/1000' },
    });
  await part('a');
  await part('b');
  clock.time += DAY + 1000;
  expect((await ask(service, 'HEAD', '/f/a')).status).toBe(404);
  const socket = await say(
    service.port,
    'PUT /f/b HTTP/1.1\r\nHost: a\r\nContent-Range: bytes 400-999/1000\r\nContent-Length: 600\r\n\r\nx',
  );
  await until(() => service.server.state.bytes === 801);
  expect(await service.server.sweep()).toMatchObject({ files: 1, removed: 1 });
  expect(service.server.state.bytes).toBe(401);
  socket.destroy();
});

test('the sweep runs at the start and every hour', async () => {
  const clock = fakeClock();
  const tasks: (() => unknown)[] = [];
  const delays: number[] = [];
  const timers = {
    after: (delay: number, task: () => unknown) => {
      delays.push(delay);
      tasks.push(task);
      return { [Symbol.dispose]() {} };
    },
  };
  const service = await fileService({ clock, timers, limits: { keepFinished: DAY } });
  await ask(service, 'PUT', '/f/a', { body: noise(10) });
  clock.time += 2 * DAY;
  await tasks.shift()?.();
  expect(await onDisk(service.folder)).toEqual([]);
  expect(delays).toEqual([3_600_000, 3_600_000]);
  await ask(service, 'PUT', '/f/b', { body: noise(10) });
  await service.close();
  clock.time += 2 * DAY;
  const again = await fileService({ folder: service.folder, clock, limits: { keepFinished: DAY } });
  expect(again.server.state.bytes).toBe(0);
  expect(await onDisk(service.folder)).toEqual([]);
});

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

test('ages are those of the last write', async () => {
  const service = await fileService();
  await ask(service, 'PUT', '/f/a', { body: noise(10) });
  const [name = ''] = await onDisk(service.folder);
  const old = (Date.now() - 31 * DAY) / 1000;
  await utimes(join(service.folder, name), old, old);
  expect((await ask(service, 'GET', '/f/a')).status).toBe(404);
});
