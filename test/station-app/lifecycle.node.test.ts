import { chmod, cp, mkdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { logOf, run, runHere, start, startStation } from '../helpers/dim-station.node.ts';
import { temporaryFolder } from '../helpers/folder.node.ts';

test('the first start creates an identity in a private folder, and later starts keep it, whatever name is set', async () => {
  const folder = await temporaryFolder();
  const data = join(folder, 'new', 'data');
  const first = await startStation(data, ['--name', 'gsp'], { ownIdentity: true });
  expect(first.id).toMatch(/^gsp@/);
  expect((await stat(data)).mode & 0o777).toBe(0o700);
  expect((await stat(join(data, 'store', 'data.mdb'))).mode & 0o077).toBe(0);
  expect((await stat(join(data, 'control.sock'))).mode & 0o077).toBe(0);
  expect((await runHere(['id', '--data', data])).stdout).toBe(`${first.id}\n`);
  const addresses = [`127.0.0.1:${first.port}`];
  const facts = { id: first.id, running: true, addresses };
  expect((await runHere(['id', '--json', '--data', data])).stdout).toBe(
    `${JSON.stringify(facts)}\n`,
  );
  const ended = await first.stop();
  expect(ended.status).toBe(0);
  expect(ended.stderr).toContain(first.id);
  expect(ended.stderr).toContain(`127.0.0.1:${first.port}`);

  expect((await runHere(['id', '--data', data])).stdout).toBe(`${first.id}\n`);
  const second = await startStation(data, ['--name', 'other']);
  expect(second.id).toBe(first.id);
  expect((await second.stop()).stderr).toContain('keeps its name "gsp"');
});

test('the data folder is in the working folder by default, and can be set by the environment', async () => {
  const folder = await temporaryFolder();
  const here = start(['--port', '0', '--host', '127.0.0.1'], { cwd: folder });
  const { id } = await here.logged('station.listening');
  here.process.kill('SIGINT');
  expect((await here.ended).status).toBe(0);
  const env = { DIM_STATION_DATA: join(folder, 'dim-station-data') };
  expect((await runHere(['id', '--json'], { env })).stdout).toBe(
    `${JSON.stringify({ id, running: false, addresses: [] })}\n`,
  );
});

test('the log is lines of JSON with level, time, event and process', async () => {
  const station = await startStation(await temporaryFolder(), ['--log-level', 'trace'], {
    ownIdentity: true,
  });
  const { stdout } = await station.stop();
  const events = logOf(stdout);
  expect(events.map(({ event }) => event)).toEqual([
    'identity.made',
    'station.listening',
    'station.stopping',
    'station.stopped',
  ]);
  for (const { level, time, pid } of events) {
    expect(level).toBe('info');
    expect(Date.parse(String(time))).toBeGreaterThan(Date.now() - 60_000);
    expect(pid).toBe(station.process.pid);
  }
});

test('all errors of a configuration are reported before anything is created', async () => {
  const folder = await temporaryFolder();
  const data = join(folder, 'data');
  await writeFile(join(folder, 'station.json'), '{"prot": 9394, "data": "data"}');
  const ended = await runHere(['--config', 'station.json', '--limits-window', 'many'], {
    cwd: folder,
    env: { DIM_STATION_HOSTS: 'x' },
  });
  expect(ended.status).toBe(78);
  expect(ended.stdout).toBe('');
  expect(ended.stderr.trim().split('\n')).toEqual([
    'dim-station: variable DIM_STATION_HOSTS is not a setting: did you mean DIM_STATION_HOST? [config]',
    `dim-station: prot in ${join(folder, 'station.json')} is not a setting: did you mean port? [config]`,
    expect.stringMatching(/^dim-station: limits\.window must be .* \(flag --limits-window\)/),
  ]);
  await expect(stat(data)).rejects.toMatchObject({ code: 'ENOENT' });
});

test.each([
  [['--prot', '1'], /unknown option '--prot' \(Did you mean --port\?\)/],
  [
    ['frobnicate'],
    /unknown command 'frobnicate': the commands are start, check, backup, forget, id, config/,
  ],
  [['chekc'], /unknown command 'chekc': did you mean check\?/],
  [['start', 'now'], /start takes no argument 'now'/],
  [['backup'], /missing required argument/],
  [['--metrics-token', 'x'.repeat(20)], /unknown option/],
])('%j is wrong usage', async (args, pattern) => {
  const ended = await runHere(args);
  expect(ended.status).toBe(64);
  expect(ended.stderr).toMatch(pattern);
  const json = await runHere([...args, '--json']);
  expect(JSON.parse(json.stdout)).toMatchObject({ error: { code: 'usage' } });
});

test('help lists every setting and exits with 0', async () => {
  const { status, stdout } = await runHere(['--help']);
  expect(status).toBe(0);
  for (const flag of ['--limits-window', '--tls-cert', '--files-keep-finished', '--policy']) {
    expect(stdout).toContain(flag);
  }
});

test('config prints each value and its source, and no secret', async () => {
  const token = 'a-token-that-nobody-guesses';
  const env = { DIM_STATION_METRICS_TOKEN: token, DIM_STATION_PORT: '1234' };
  const { stdout } = await runHere(['config', '--name', 'gsp'], { env });
  expect(stdout).toMatch(/^port +1234 {2}\(environment DIM_STATION_PORT\)$/m);
  expect(stdout).toMatch(/^name +gsp {2}\(flag --name\)$/m);
  expect(stdout).toMatch(/^limits\.window +32 {2}\(default\)$/m);
  expect(stdout).toMatch(
    /^metrics\.token +\(secret\) {2}\(environment DIM_STATION_METRICS_TOKEN\)$/m,
  );
  expect(stdout).not.toContain(token);
  const json = await runHere(['config', '--json'], { env });
  expect(logOf(json.stdout)).toContainEqual({
    key: 'port',
    value: '1234',
    origin: 'environment DIM_STATION_PORT',
  });
  expect(json.stdout).not.toContain(token);
});

test('a port in use ends the start with its own exit status', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  const data = await temporaryFolder();
  const ended = await run(['--data', data, '--host', '127.0.0.1', '--port', String(port)]);
  expect(ended.status).toBe(69);
  expect(ended.stderr).toContain(`port ${port} of 127.0.0.1 is in use by another program`);
  // It has closed its data.
  await (await startStation(data)).stop();
});

test('a second station on the same data is refused and names the first one, which keeps running', async () => {
  const station = await startStation(await temporaryFolder());
  const ended = await run(['--data', station.data, '--host', '127.0.0.1', '--port', '0']);
  expect(ended.status).toBe(75);
  expect(ended.stderr).toContain(`process ${station.process.pid} has the store open already`);
  expect(await health(station.port)).toBe(200);
  expect((await runHere(['id', '--data', station.data])).stdout).toContain(station.id);
  expect((await station.stop()).status).toBe(0);
});

test('after a kill, the next start succeeds at once', async () => {
  const data = await temporaryFolder();
  const station = await startStation(data);
  await station.kill();
  const next = await startStation(data);
  expect(next.id).toBe(station.id);
  await next.stop();
});

test.each<[string, (file: string) => Promise<void>]>([
  ['cut off', async (file) => truncate(file, 5000)],
  [
    'overwritten',
    async (file) => {
      const bytes = await readFile(file);
      bytes.fill(0x5a, 0, 8192);
      await writeFile(file, bytes);
    },
  ],
  ['something else', async (file) => writeFile(file, 'no store at all'.repeat(1000))],
])('a store that was %s causes a clear error, and is not overwritten', async (_name, damage) => {
  const data = await temporaryFolder();
  await (await startStation(data)).stop();
  const file = join(data, 'store', 'data.mdb');
  await damage(file);
  const before = await readFile(file);
  const ended = await run(['--data', data, '--host', '127.0.0.1', '--port', '0']);
  expect(ended.status).toBe(74);
  expect(ended.stderr).toMatch(/\[store\/corrupt\]/);
  expect(logOf(ended.stdout).at(-1)).toMatchObject({
    level: 'error',
    event: 'station.failed',
    code: 'store/corrupt',
  });
  expect((await readFile(file)).equals(before)).toBe(true);
});

test('an endless request delays the end of the station by less than ten seconds', async () => {
  const station = await startStation(await temporaryFolder(), ['--files-min-free-bytes', '0']);
  await slowUpload(station.port);
  const began = Date.now();
  expect((await station.stop()).status).toBe(0);
  expect(Date.now() - began).toBeLessThan(10_000);
});

test('a second signal ends the station at once', async () => {
  const station = await startStation(await temporaryFolder(), ['--files-min-free-bytes', '0']);
  await slowUpload(station.port);
  station.process.kill('SIGTERM');
  await station.logged('station.stopping');
  const began = Date.now();
  station.process.kill('SIGTERM');
  expect((await station.ended).status).toBe(143);
  expect(Date.now() - began).toBeLessThan(3000);
});

test('a data folder with a path too long for a socket works', async () => {
  const deep = join(await temporaryFolder(), 'd'.repeat(120));
  await mkdir(deep);
  const station = await startStation(join(deep, 'data'));
  expect((await runHere(['id', '--json', '--data', station.data])).stdout).toContain(
    `127.0.0.1:${station.port}`,
  );
  await station.stop();
});

test('metrics can be read from this machine only, with a token, or not at all', async () => {
  const data = await temporaryFolder();
  const open = await startStation(data);
  expect(await statusOf(open.port, '/metrics')).toBe(200);
  expect(await statusOf(open.port, '/metrics', { 'X-Forwarded-For': '192.0.2.1' })).toBe(403);
  await open.stop();
  const token = 'a-token-that-nobody-guesses';
  const env = { DIM_STATION_METRICS_TOKEN: token };
  const closed = await startStation(data, ['--metrics-access', 'token'], { env });
  expect(await statusOf(closed.port, '/metrics')).toBe(401);
  expect(await statusOf(closed.port, '/metrics', { Authorization: `Bearer ${token}` })).toBe(200);
  expect((await closed.stop()).stdout).not.toContain(token);
  const off = await startStation(data, ['--metrics-access', 'off', '--files-enabled', 'no']);
  expect(await statusOf(off.port, '/metrics')).toBe(404);
  expect(await statusOf(off.port, '/f/name')).toBe(404);
  await off.stop();
});

test('a policy that cannot be loaded is reported before the data is touched', async () => {
  const folder = await temporaryFolder();
  const data = join(folder, 'data');
  const none = join(folder, 'none.mjs');
  await writeFile(none, 'export const other = 1;');
  const broken = join(folder, 'broken.mjs');
  await writeFile(broken, "throw new Error('mistake of the operator');");
  for (const [path, words] of [
    [none, 'must export a function "policy"'],
    [broken, 'mistake of the operator'],
    [join(folder, 'missing.mjs'), 'cannot be loaded'],
  ] as const) {
    const ended = await runHere(['--data', data, '--policy', path]);
    expect(ended.status).toBe(78);
    expect(ended.stderr).toContain(words);
  }
  await expect(stat(data)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('an uncaught error ends the program with a log line that does not contain its message', async () => {
  const folder = await temporaryFolder();
  const policy = join(folder, 'policy.mjs');
  await writeFile(
    policy,
    `import { existsSync } from 'node:fs';
    export const policy = () => 'accept';
    setInterval(() => {
      if (existsSync(${JSON.stringify(join(folder, 'now'))})) throw new RangeError('words of somebody');
    }, 50);`,
  );
  const station = await startStation(join(folder, 'data'), ['--policy', policy]);
  await writeFile(join(folder, 'now'), '');
  const { status, stdout, stderr } = await station.ended;
  expect(status).toBe(70);
  expect(logOf(stdout).at(-1)).toMatchObject({
    level: 'error',
    event: 'station.crashed',
    kind: 'RangeError',
    frames: expect.arrayContaining([expect.stringContaining('policy.mjs')]),
  });
  expect(stdout + stderr).not.toContain('words of somebody');
});

test('a data folder that other users can read is used, but nothing in it is readable for them', async () => {
  const data = await temporaryFolder();
  await chmod(data, 0o777);
  const station = await startStation(data);
  for (const name of ['store', 'files', 'control.sock']) {
    expect((await stat(join(data, name))).mode & 0o077, name).toBe(0);
  }
  await station.stop();
});

test('a data folder that cannot be created is reported', async () => {
  const file = join(await temporaryFolder(), 'file');
  await writeFile(file, '');
  const ended = await runHere(['--data', join(file, 'data'), '--port', '0']);
  expect(ended.status).toBe(73);
  expect(ended.stderr).toContain('[file/unwritable]');
});

test('a station keeps running when the reader of its output has gone', async () => {
  const station = await startStation(await temporaryFolder(), ['--log-level', 'trace']);
  station.process.stdout?.destroy();
  station.process.stderr?.destroy();
  for (let count = 0; count < 20; count++) {
    const socket = connect(station.port, '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.write('{}\n');
    socket.destroy();
  }
  expect(await health(station.port)).toBe(200);
  expect((await station.stop()).status).toBe(0);
});

test('a copy of the data folder of a stopped station starts as the same station', async () => {
  const folder = await temporaryFolder();
  const data = join(folder, 'data');
  const station = await startStation(data);
  await station.stop();
  await cp(data, join(folder, 'copy'), { recursive: true });
  const copy = await startStation(join(folder, 'copy'));
  expect(copy.id).toBe(station.id);
  await copy.stop();
});

function health(port: number): Promise<number | undefined> {
  return statusOf(port, '/health');
}

function statusOf(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asking.on('error', reject);
    asking.end();
  });
}

/** Starts an upload that never ends. */
async function slowUpload(port: number): Promise<void> {
  const uploading = request({
    host: '127.0.0.1',
    port,
    path: '/f/slow.bin',
    method: 'PUT',
    headers: { 'Content-Length': 100_000 },
    agent: false,
  });
  uploading.on('error', () => {});
  onTestFinished(() => void uploading.destroy());
  await new Promise<void>((resolve) => uploading.write('x'.repeat(1000), () => resolve()));
  await new Promise((resolve) => setTimeout(resolve, 300));
}
