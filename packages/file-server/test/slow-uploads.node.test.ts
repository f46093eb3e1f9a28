import { setTimeout } from 'node:timers/promises';
import { ask, noise, until } from '@dimp/fixtures/http';
import { manualClock } from '@dimp/testing/clock';
import { expect, test } from 'vitest';
import { fileService, say } from './support/file-service.ts';

const FORM =
  'POST /upload/4WDfe3zZ4T7opFSi3iDAKiuTnUHjxmXekk/file HTTP/1.1\r\nHost: a\r\n' +
  'Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 9000\r\n\r\n--b\r\n';

test.each([
  ['a file', 'PUT /f/a HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n'],
  ['a form', `${FORM}Content-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n`],
  ['the head of a form', FORM],
  ['a file once more', 'PUT /f/zeros HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n'],
])('a slow %s does not keep its place without end', async (_what, head) => {
  const clock = manualClock(Date.now());
  const limits = { minBytesPerSecond: 10, uploadsAtOnce: 1 };
  const service = await fileService({ clock, limits });
  await ask(service, 'PUT', '/f/zeros', { body: Buffer.from('0'.repeat(9000)) });
  const socket = await say(service.port, `${head}${'0'.repeat(200)}`);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await until(() => service.server.state.uploads === 1);
  clock.advance(15_000);
  socket.write('0');
  await setTimeout(100);
  expect((await ask(service, 'PUT', '/f/b', { body: noise(10) })).status).toBe(503);
  clock.advance(16_000);
  socket.write('0');
  await closed;
  await until(async () => (await ask(service, 'PUT', '/f/b', { body: noise(10) })).status === 201);
});

/** An upload that says nothing after its head. */
const SILENT = (name: string) =>
  `PUT /f/${name} HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n`;

test('a silent upload loses its place after half a minute', async () => {
  const clock = manualClock(Date.now());
  const service = await fileService({ clock, limits: { uploadsAtOnce: 1 } });
  const socket = await say(service.port, SILENT('a'));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await until(() => service.server.state.uploads === 1);
  clock.advance(29_000);
  await setTimeout(1500);
  expect(service.server.state.uploads).toBe(1);
  clock.advance(2000);
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
  const clock = manualClock(Date.now());
  const limits = { addressUploadsAtOnce: 2, minBytesPerSecond: 10 };
  const service = await fileService({ clock, limits });
  // Twice as fast as an upload must be while no other one waits.
  for (const name of ['a', 'b']) {
    (await say(service.port, SILENT(name))).write(noise(800));
  }
  await until(() => service.server.state.bytes === 1600);
  expect((await ask(service, 'PUT', '/f/c', { body: noise(10) })).status).toBe(429);
  clock.advance(40_000);
  expect((await ask(service, 'PUT', '/f/c', { body: noise(10) })).status).toBe(201);
  const fast = await say(service.port, SILENT('d'));
  fast.write(noise(200_000));
  const also = await say(service.port, SILENT('e'));
  also.write(noise(200_000));
  await until(() => service.server.state.uploads === 2);
  await until(() => service.server.state.bytes > 400_000);
  clock.advance(40_000);
  expect((await ask(service, 'PUT', '/f/g', { body: noise(10) })).status).toBe(429);
});
