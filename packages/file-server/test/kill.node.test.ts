import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { ask, noise } from '@dimp/fixtures/http';
import { Program, type Running } from '@dimp/fixtures/program';
import { equalBytes } from '@dimp/foundation';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { onDisk } from './support/file-service.ts';

const SERVER = new Program(new URL('file-server.child.ts', import.meta.url));

beforeAll(() => SERVER.build());

/** A server that listens. */
async function start(folder: string): Promise<{ readonly server: Running; readonly port: number }> {
  const server = SERVER.start([folder]);
  const port = Number(await server.find(() => server.lines[0]));
  return { server, port };
}

/** Waits until so many bytes of an unfinished file are there, or the upload has ended, which may go unseen. */
async function written(folder: string, bytes: number, upload: Promise<unknown>): Promise<void> {
  let ended = false;
  void upload.then(() => {
    ended = true;
  });
  for (let seen = 0; seen < bytes && !ended; await setTimeout(1)) {
    const [name] = await readdir(join(folder, 'parts'));
    if (name === undefined) continue;
    seen = await stat(join(folder, 'parts', name)).then(
      ({ size }) => size,
      () => bytes,
    );
  }
}

/** Length of the file, and of the parts it is put in. */
const SIZE = 3_000_000;
const PART = 200_000;

test('a server that is killed during an upload has the beginning of the file, or nothing, and never a wrong file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'station-kill-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  let interrupted = 0;
  let resumed = 0;
  for (let run = 0; run < 8; run++) {
    const body = noise(SIZE);
    const path = `/f/file-${run}`;
    // Every other file goes in one request.
    const part = run % 2 === 0 ? PART : SIZE;
    const { server, port } = await start(folder);
    const put = async (at: { readonly port: number }, from: number): Promise<number> => {
      for (let sent = from; sent < SIZE; sent += part) {
        const end = Math.min(sent + part, SIZE);
        const headers = { 'Content-Range': `bytes ${sent}-${end - 1}/${SIZE}` };
        const { status } = await ask(at, 'PUT', path, { body: body.subarray(sent, end), headers });
        expect(status).toBe(end === SIZE ? 201 : 202);
      }
      return SIZE;
    };
    const uploading = put({ port }, 0).catch(() => undefined);
    await written(folder, (0.1 + 0.1 * run) * SIZE, uploading);
    server.process.kill('SIGKILL');
    await server.ended;
    const acknowledged = (await uploading) === SIZE;
    const again = await start(folder);
    const { headers, status } = await ask(again, 'HEAD', path);
    const got = await ask(again, 'GET', path);
    if (acknowledged) expect(got.status).toBe(200);
    if (got.status !== 200) {
      interrupted += 1;
      expect(got.status).toBe(404);
      const offset = status === 404 ? 0 : Number(headers['upload-offset']);
      expect(offset).toBeLessThan(SIZE);
      if (offset > 0) resumed += 1;
      await put(again, offset);
    }
    expect(equalBytes((await ask(again, 'GET', path)).body, body)).toBe(true);
    again.server.process.kill('SIGKILL');
  }
  expect((await onDisk(folder)).length).toBe(8);
  // Nothing was proven if the uploads were faster than the kill.
  expect(interrupted).toBeGreaterThan(2);
  expect(resumed).toBeGreaterThan(0);
}, 60_000);

/** Most memory that a process ever had, in bytes. */
async function peak(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

test.skipIf(process.platform !== 'linux')(
  'a file of 100 MiB goes through in little memory',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'station-large-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const { server, port } = await start(folder);
    const piece = noise(1024 * 1024);
    const small = { body: piece };
    await ask({ port }, 'PUT', '/f/small', small);
    await ask({ port }, 'GET', '/f/small');
    const before = await peak(server.process.pid);
    const url = `http://127.0.0.1:${port}/f/large`;
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const headers = { 'Content-Length': 100 * piece.length };
      const put = request(url, { method: 'PUT', headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      put.on('error', reject);
      Readable.from(Array.from({ length: 100 }, () => piece)).pipe(put);
    });
    expect(status).toBe(201);
    let received = 0;
    for await (const bytes of (await fetch(url)).body ?? []) received += bytes.length;
    expect(received).toBe(100 * piece.length);
    expect((await peak(server.process.pid)) - before).toBeLessThan(48 * 1024 * 1024);
  },
  60_000,
);
