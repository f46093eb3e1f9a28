import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { ask, noise, until } from '@dimp/fixtures/http';
import { equalBytes } from '@dimp/foundation';
import { manualClock } from '@dimp/testing/clock';
import { expect, test } from 'vitest';
import { fileService, onDisk, say } from './support/file-service.ts';

const DAY = 86_400_000;

test('finished files expire: requests fail at once, and the sweep removes them from disk', async () => {
  const clock = manualClock(Date.now());
  const service = await fileService({ clock, limits: { keepFinished: 10 * DAY } });
  await ask(service, 'PUT', '/f/a', { body: noise(1000) });
  clock.advance(5 * DAY);
  await ask(service, 'PUT', '/f/b', { body: noise(500) });
  clock.advance(5 * DAY);
  expect((await ask(service, 'GET', '/f/a')).status).toBe(200);
  clock.advance(1000);
  expect((await ask(service, 'GET', '/f/a')).status).toBe(404);
  expect((await ask(service, 'GET', '/f/b')).status).toBe(200);
  expect((await onDisk(service.folder)).length).toBe(2);
  expect(await service.server.sweep()).toEqual({ files: 1, bytes: 500, removed: 1 });
  expect(service.server.state.bytes).toBe(500);
  expect((await onDisk(service.folder)).length).toBe(1);
});

test('the name of an expired file can be used again before the sweep', async () => {
  const clock = manualClock(Date.now());
  const service = await fileService({ clock, limits: { keepFinished: DAY } });
  await ask(service, 'PUT', '/f/a', { body: noise(1000) });
  clock.advance(DAY + 1000);
  const body = noise(300);
  expect((await ask(service, 'PUT', '/f/a', { body })).status).toBe(201);
  expect(equalBytes((await ask(service, 'GET', '/f/a')).body, body)).toBe(true);
  expect(service.server.state.bytes).toBe(300);
});

test('unfinished files expire, but not while they are being written', async () => {
  const clock = manualClock(Date.now());
  const service = await fileService({ clock });
  const part = (name: string) =>
    ask(service, 'PUT', `/f/${name}`, {
      body: noise(400),
      headers: { 'Content-Range': 'bytes 0-399/1000' },
    });
  await part('a');
  await part('b');
  clock.advance(DAY + 1000);
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
  const clock = manualClock(Date.now());
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
  clock.advance(2 * DAY);
  await tasks.shift()?.();
  expect(await onDisk(service.folder)).toEqual([]);
  expect(delays).toEqual([3_600_000, 3_600_000]);
  await ask(service, 'PUT', '/f/b', { body: noise(10) });
  await service.close();
  clock.advance(2 * DAY);
  const again = await fileService({ folder: service.folder, clock, limits: { keepFinished: DAY } });
  expect(again.server.state.bytes).toBe(0);
  expect(await onDisk(service.folder)).toEqual([]);
});

test('ages are those of the last write', async () => {
  const service = await fileService();
  await ask(service, 'PUT', '/f/a', { body: noise(10) });
  const [name = ''] = await onDisk(service.folder);
  const old = (Date.now() - 31 * DAY) / 1000;
  await utimes(join(service.folder, name), old, old);
  expect((await ask(service, 'GET', '/f/a')).status).toBe(404);
});
