import { chmod, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { pemPath } from '@dimp/fixtures/certificate';
import { expect, onTestFinished, test } from 'vitest';
import { checkClock } from '../../apps/station/src/check/check-network.ts';
import { checkTls } from '../../apps/station/src/check/check-tls.ts';
import type { Finding } from '../../apps/station/src/check/finding.ts';
import { readConfiguration } from '../../apps/station/src/config/read-configuration.ts';
import type { JsonObject } from '../../packages/foundation/src/index.ts';
import { logOf, type RunOptions, run, startStation } from '../helpers/dim-station.node.ts';
import { temporaryFolder } from '../helpers/folder.node.ts';

const DAY = 86_400_000;

async function findings(
  data: string,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<{ readonly status: number | null; readonly found: readonly JsonObject[] }> {
  const ended = await run(
    ['check', '--json', '--data', data, '--host', '127.0.0.1', '--port', '0', ...args],
    options,
  );
  expect(ended.stderr).toBe('');
  return { status: ended.status, found: logOf(ended.stdout) };
}

/** State of each check by name. */
function states(found: readonly JsonObject[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(found.map(({ check, state }) => [String(check), state]));
}

const WELL = {
  config: 'ok',
  // No public URL is configured.
  files: 'warn',
  data: 'ok',
  disk: expect.stringMatching(/ok|warn/),
  store: 'ok',
  identity: 'ok',
  tls: 'ok',
  port: 'ok',
  clock: 'ok',
};

test('check finds no failure before the first start, of a running station, and of a stopped one', async () => {
  const data = join(await temporaryFolder(), 'data');
  const before = await findings(data);
  expect(before.status).toBe(0);
  expect(states(before.found)).toMatchObject({ data: 'warn', store: 'warn', port: 'ok' });
  const station = await startStation(data);
  const during = await findings(data);
  expect(during.status).toBe(0);
  expect(states(during.found)).toEqual(WELL);
  expect(during.found).toContainEqual(
    expect.objectContaining({
      check: 'store',
      message: `in use by process ${station.process.pid}, which checked it at its start`,
    }),
  );
  await station.stop();
  const after = await findings(data);
  expect(after.status).toBe(0);
  expect(states(after.found)).toEqual(WELL);
  expect(after.found).toContainEqual({ check: 'identity', state: 'ok', message: station.id });
  // Text output has a line for each check.
  const text = await run(['check', '--data', data, '--host', '127.0.0.1', '--port', '0']);
  expect(text.stdout).toMatch(/^ok {4}identity {3}station@\S+$/m);
});

test('each problem is reported on a line of its own, with a remedy', async () => {
  const folder = await temporaryFolder();
  const data = join(folder, 'data');
  await (await startStation(data)).stop();
  await truncate(join(data, 'store', 'data.mdb'), 5000);
  await chmod(data, 0o755);
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  const config = join(folder, 'station.json');
  const gone = 'station@224NtEQd8onVWC631soQ7CcPQGijWM1AD3=tcp://127.0.0.1:1';
  await writeFile(config, JSON.stringify({ metrics: { token: 'a-token-that-nobody-guesses' } }));
  // A station that was started in this process has narrowed the umask.
  await chmod(config, 0o644);
  const { status, found } = await findings(data, [
    ...['--config', config, '--policy', join(folder, 'missing.mjs')],
    ...['--port', String(port), '--neighbours', gone],
    ...['--tls-cert', config, '--tls-key', config],
  ]);
  expect(status).toBe(1);
  const fails = found.filter(({ state }) => state === 'fail');
  expect(fails.map(({ check }) => check)).toEqual([
    ...['config', 'policy', 'data', 'store', 'tls', 'port', 'neighbour'],
  ]);
  for (const { fix } of fails) expect(fix).toEqual(expect.stringMatching(/\w{3,}/));
  expect(JSON.stringify(found)).not.toContain('nobody-guesses');
});

test('with a wrong configuration, only its errors are reported', async () => {
  const { status, found } = await findings(await temporaryFolder(), ['--limits-window', '0'], {
    env: { DIM_STATION_PROT: '1' },
  });
  expect(status).toBe(1);
  expect(found.map(({ check, state }) => [check, state])).toEqual([
    ['config', 'fail'],
    ['config', 'fail'],
  ]);
});

test('a neighbour that answers is reported as reachable', async () => {
  const neighbour = await startStation(await temporaryFolder());
  const data = await temporaryFolder();
  const url = `${neighbour.id}=tcp://127.0.0.1:${neighbour.port}`;
  const { status, found } = await findings(data, ['--neighbours', url]);
  expect(status).toBe(0);
  expect(found).toContainEqual({
    check: 'neighbour',
    state: 'ok',
    message: `${neighbour.id} can be reached`,
  });
  await neighbour.stop();
});

test('a certificate is checked for its period of validity', async () => {
  const configuration = await readConfiguration({
    flags: new Map([
      ['tls.cert' as const, { flag: '--tls-cert', value: pemPath('cert') }],
      ['tls.key' as const, { flag: '--tls-key', value: pemPath('key') }],
    ]),
    env: {},
    file: undefined,
    folder: '/',
  });
  const stateAt = async (now: number): Promise<string | undefined> => {
    for await (const finding of checkTls(configuration, now)) return finding.state;
    return undefined;
  };
  const [until] = /\d{4}-\d\d-\d\d/.exec(
    (await first(checkTls(configuration, Date.now())))?.message ?? '',
  ) ?? [''];
  const end = Date.parse(until);
  expect(await stateAt(Date.now())).toBe('ok');
  expect(await stateAt(end - 10 * DAY)).toBe('warn');
  expect(await stateAt(end + 2 * DAY)).toBe('fail');
  expect(await stateAt(0)).toBe('fail');
});

test('an impossible clock is reported', () => {
  const now = Date.UTC(2026, 11, 1);
  expect(checkClock(now, now - DAY).next().value).toMatchObject({ state: 'ok' });
  expect(checkClock(now, now + 2 * 60_000).next().value).toMatchObject({ state: 'fail' });
  expect(checkClock(0, undefined).next().value).toMatchObject({ state: 'fail' });
});

async function first(all: AsyncGenerator<Finding>): Promise<Finding | undefined> {
  for await (const each of all) return each;
  return undefined;
}
