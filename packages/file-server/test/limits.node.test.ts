import { ask, noise, until } from '@dimp/fixtures/http';
import { manualClock } from '@dimp/testing/clock';
import { expect, test } from 'vitest';
import { FILE_COST } from '../src/disk-usage.ts';
import { fileService, onDisk, say } from './support/file-service.ts';

const DAY = 86_400_000;

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
  const clock = manualClock(Date.now());
  const service = await fileService({ clock, limits: { addressBytesPerDay: 1_000_000 } });
  const [most, more] = [800_000 - FILE_COST, 400_000 - FILE_COST];
  expect((await ask(service, 'PUT', '/f/a', { body: noise(most) })).status).toBe(201);
  const refused = await ask(service, 'PUT', '/f/b', { body: noise(more) });
  expect([refused.status, refused.headers['retry-after']]).toEqual([429, String(86_400 / 5)]);
  clock.advance(DAY / 5);
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

test('a short token and invalid limits are errors', async () => {
  await expect(fileService({ uploads: { token: 'short' } })).rejects.toThrow(RangeError);
  await expect(fileService({ limits: { totalBytes: -1 } })).rejects.toThrow(RangeError);
  await expect(fileService({ limits: { keepFinished: Number.NaN } })).rejects.toThrow(RangeError);
});
