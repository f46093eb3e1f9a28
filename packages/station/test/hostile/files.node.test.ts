import { readdir } from 'node:fs/promises';
import { ask, noise } from '@dimp/fixtures/http';
import { describe, expect, test } from 'vitest';
import { sharedScene, unharmed } from '../support/hostile-station.ts';
import { wire } from '../support/listener-service.ts';
import { until } from '../support/malicious-client.ts';

const now = sharedScene();
const bytes = noise(1000);
const page = Buffer.from('<script>alert(1)</script>');

describe('§14.6 no. 53: files', () => {
  test.each([
    '/f/../../etc/passwd',
    '/f/..%2f..%2fetc%2fpasswd',
    '/f/%2e%2e/%2e%2e/store/data.mdb',
    '/f/..',
    '/f/.',
    '/f/.hidden',
    '/f/a%00.txt',
    '/f//etc/passwd',
    '/f/%ff',
    '/f/a/b',
    '//f/a',
    'http://127.0.0.1/f/../x',
    '/download/../f/a',
    `/f/${'a'.repeat(2000)}`,
  ])('nothing outside the folder is read or written: %s', async (path) => {
    const { world } = now();
    const got = await ask({ port: world.port }, 'GET', path);
    expect([400, 404, 405]).toContain(got.status);
    const put = await ask({ port: world.port }, 'PUT', path, { body: bytes });
    expect([400, 404, 405]).toContain(put.status);
    const onDisk = await readdir(world.files, { recursive: true });
    expect(onDisk.filter((each) => !/^[\w/.-]*$/.test(each))).toEqual([]);
  });

  test('an existing file is not replaced, not even by a part of another one', async () => {
    const { world, moki, hulk } = now();
    const { port } = world;
    expect((await ask({ port }, 'PUT', '/f/victim.bin', { body: bytes })).status).toBeLessThan(300);
    const other = await ask({ port }, 'PUT', '/f/victim.bin', { body: noise(1000) });
    expect(other.status).toBeGreaterThanOrEqual(400);
    const part = await ask({ port }, 'PUT', '/f/victim.bin', {
      body: noise(10),
      headers: { 'Content-Range': 'bytes 0-9/20' },
    });
    expect(part.status).toBeGreaterThanOrEqual(400);
    for (const method of ['DELETE', 'PATCH', 'POST']) {
      const answer = await ask({ port }, method, '/f/victim.bin').catch(() => ({ status: 405 }));
      expect(answer.status).toBeGreaterThanOrEqual(400);
    }
    expect((await ask({ port }, 'GET', '/f/victim.bin')).body.equals(bytes)).toBe(true);
    await unharmed(moki, hulk);
  });

  test('an uploaded page of any name and type is served as bytes to be saved', async () => {
    const { port } = now().world;
    const headers = { 'Content-Type': 'text/html' };
    await ask({ port }, 'PUT', '/f/page.html', { body: page, headers });
    const got = await ask({ port }, 'GET', '/f/page.html');
    expect(got.body.equals(page)).toBe(true);
    expect(got.headers['content-type']).toBe('application/octet-stream');
    expect(got.headers['x-content-type-options']).toBe('nosniff');
    expect(got.headers['content-disposition']).toMatch(/^attachment/);
  });

  test('sizes above the limit and invalid ranges are refused before anything is written', async () => {
    const { world } = now();
    const { port } = world;
    const before = await readdir(world.files, { recursive: true });
    const line = await wire(port);
    line.socket.write('PUT /f/huge HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n');
    await until(() => / (413|507) /.test(line.text));
    for (const range of ['bytes 5-1/10', 'bytes 0-0/99999999999', 'bytes x', 'bytes -1-2/3']) {
      const headers = { 'Content-Range': range };
      const answer = await ask({ port }, 'PUT', '/f/ranged', { body: noise(1), headers });
      expect(answer.status).toBeGreaterThanOrEqual(400);
    }
    expect(await readdir(world.files, { recursive: true })).toEqual(before);
  });

  test('all files together have a quota, which is reported, and messages are still relayed', async () => {
    const { world, moki, hulk } = now();
    const answers: number[] = [];
    for (let count = 0; count < 6; count++) {
      const body = noise(900_000);
      answers.push((await ask(world, 'PUT', `/f/fill-${count}`, { body })).status);
    }
    expect(answers.at(-1)).toBeGreaterThanOrEqual(400);
    await unharmed(moki, hulk);
  });
});

describe('HTTP', () => {
  test('reveals nothing to strangers: health is one word, metrics are hidden, and the request is not echoed', async () => {
    const { world } = now();
    expect((await ask(world, 'GET', '/health')).body.toString()).toBe('{"ok":true}');
    expect((await ask(world, 'GET', '/metrics')).status).toBe(404);
    const answer = await ask(world, 'GET', '/<script>alert(1)</script>');
    expect(answer.status).toBe(404);
    expect(answer.body.toString()).not.toContain('script');
    expect(Object.keys(answer.headers)).not.toContain('server');
  });
});
