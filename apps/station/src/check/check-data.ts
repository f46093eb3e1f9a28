import { stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Configuration } from '../config/configuration.ts';
import { type DataFolder, exists } from '../data/data-folder.ts';
import { type Finding, reporter } from './finding.ts';

/** Free disk space in bytes below which the check warns. */
const LOW_SPACE = 1024 ** 3;

/** Checks the owner and the permissions of the data folder, and the free space. */
export async function* checkData(
  { values }: Configuration,
  data: DataFolder,
): AsyncGenerator<Finding> {
  const report = reporter('data');
  if (!(await exists(data.path))) {
    yield report.warn(`${data.path} does not exist yet`, 'the first start creates it');
  } else yield* checkOwnership(data);
  const disk = reporter('disk');
  const free = await freeBytes(data.path);
  const shown = `${Math.floor(free / 1024 ** 2)} MiB free`;
  const reserve = values['store.reserveBytes'];
  if (free <= reserve) {
    yield disk.fail(
      shown,
      'free some space: the station accepts nothing with less than store.reserveBytes free',
    );
  } else if (values['files.enabled'] && free <= values['files.minFreeBytes']) {
    yield disk.warn(
      shown,
      'free some space: no files are accepted with less than files.minFreeBytes free',
    );
  } else if (free < LOW_SPACE) yield disk.warn(shown, 'free some space');
  else yield disk.ok(shown);
}

async function* checkOwnership({ path }: DataFolder): AsyncGenerator<Finding> {
  const report = reporter('data');
  const status = await stat(path);
  const user = process.getuid?.();
  if (!status.isDirectory()) {
    yield report.fail(`${path} is not a folder`, 'choose another one with --data');
  } else if (user !== undefined && status.uid !== user && user !== 0) {
    yield report.fail(`${path} belongs to another user`, `run as user ${status.uid}, or chown it`);
  } else if (user !== undefined && (status.mode & 0o077) !== 0) {
    yield report.fail(`other users can read ${path}, which contains keys`, `chmod 700 ${path}`);
  } else if (user !== undefined && status.uid !== user) {
    yield report.warn(`${path} belongs to user ${status.uid}`, 'start the station as that user');
  } else yield report.ok(path);
}

/** Free space for users other than root, at the nearest existing folder. */
async function freeBytes(path: string): Promise<number> {
  let folder = path;
  while (!(await exists(folder)) && dirname(folder) !== folder) folder = dirname(folder);
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
