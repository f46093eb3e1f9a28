import { execFileSync } from 'node:child_process';
import { rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { logIn, people, sendText } from '../helpers/clients.node.ts';
import { logOf, run, startStation } from '../helpers/dim-station.node.ts';
import { temporaryFolder } from '../helpers/folder.node.ts';
import { until } from '../helpers/wait.node.ts';

const MIB = 1024 * 1024;

/** Mounts a small file system in memory. @returns undefined if that is not possible here */
async function smallDisk(): Promise<string | undefined> {
  const folder = await temporaryFolder();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=48m,mode=700', 'tmpfs', folder], {
      stdio: 'ignore',
    });
  } catch {
    return undefined;
  }
  onTestFinished(() => {
    execFileSync('umount', ['--lazy', folder]);
  });
  return folder;
}

async function fill(path: string, left: number): Promise<void> {
  const { bavail, bsize } = await statfs(join(path, '..'));
  await writeFile(path, new Uint8Array(Math.max(0, bavail * bsize - left)));
}

test('on a full disk the station reports that it is unhealthy and acknowledges nothing; with free space again it continues and has lost nothing', async (context) => {
  const disk = await smallDisk();
  if (disk === undefined) return context.skip('a file system cannot be mounted here');
  const data = join(disk, 'data');
  const args = ['--store-reserve-bytes', '8MiB'];
  const station = await startStation(data, args);
  const [moki, hulk] = await people('moki', 'hulk');
  const session = await logIn(moki, station.port);
  await logIn(hulk, station.port);
  await (await sendText(moki, hulk, 'before')).reached('received', AbortSignal.timeout(20_000));
  const filler = join(disk, 'filler');
  await fill(filler, 4 * MIB);
  // The store measures the free space at most every 100 ms, and would still accept a message before.
  await new Promise((resolve) => setTimeout(resolve, 300));

  const delivery = await sendText(moki, hulk, 'meanwhile');
  const status = async (): Promise<number> =>
    (await fetch(`http://127.0.0.1:${station.port}/health`)).status;
  await until(() => station.said().includes('store.failing'));
  expect(await status()).toBe(503);
  expect(['queued', 'sent']).toContain(delivery.state);
  expect(hulk.texts).toEqual(['before']);
  const put = await fetch(`http://127.0.0.1:${station.port}/f/a.bin`, {
    method: 'PUT',
    body: new Uint8Array(1000),
  });
  expect(put.status).toBe(507);
  const checked = await run(['check', '--data', data, '--host', '127.0.0.1', '--json', ...args]);
  expect(checked.status).toBe(1);
  const failed = logOf(checked.stdout).filter(({ state }) => state === 'fail');
  expect(failed.map(({ check }) => check)).toEqual(['disk', 'store', 'port']);

  await rm(filler);
  await until(() => station.said().includes('store.working'));
  // The transport would send it again after two minutes. A new connection sends it at once.
  await session.stop();
  await logIn(moki, station.port);
  await delivery.reached('received', AbortSignal.timeout(60_000));
  expect(hulk.texts).toEqual(['before', 'meanwhile']);
  expect(await status()).toBe(200);
  expect((await station.stop()).status).toBe(0);
}, 120_000);

test('a start on a full disk fails with a clear error', async (context) => {
  const disk = await smallDisk();
  if (disk === undefined) return context.skip('a file system cannot be mounted here');
  await fill(join(disk, 'filler'), MIB);
  const ended = await run(['--data', join(disk, 'data'), '--host', '127.0.0.1', '--port', '0']);
  expect(ended.status).toBe(74);
  expect(ended.stderr).toContain('[store/quota]');
});
