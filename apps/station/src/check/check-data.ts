import { stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Configuration } from '../config/configuration.ts';
import { type DataFolder, exists } from '../data/data-folder.ts';
import { type Finding, reporter } from './finding.ts';

/** Free space below which an operator should look, in bytes. */
const LITTLE_ROOM = 1024 ** 3;

/** The data folder: whose it is, who may read it, and how much room there is. */
export async function* checkData(
  { values }: Configuration,
  data: DataFolder,
): AsyncGenerator<Finding> {
  const report = reporter('data');
  if (!(await exists(data.path))) {
    yield report.warn(`${data.path} is not there yet`, 'the first start makes it');
  } else yield* checkOwnership(data);
  const disk = reporter('disk');
  const free = await freeBytes(data.path);
  const shown = `${Math.floor(free / 1024 ** 2)} MiB free`;
  const reserve = values['store.reserveBytes'];
  if (free <= reserve) {
    yield disk.fail(
      shown,
      'make room: nothing is taken while less is free than store.reserveBytes',
    );
  } else if (values['files.enabled'] && free <= values['files.minFreeBytes']) {
    yield disk.warn(shown, 'make room: no files are taken, see files.minFreeBytes');
  } else if (free < LITTLE_ROOM) yield disk.warn(shown, 'make room');
  else yield disk.ok(shown);
}

async function* checkOwnership({ path }: DataFolder): AsyncGenerator<Finding> {
  const report = reporter('data');
  const status = await stat(path);
  const user = process.getuid?.();
  if (!status.isDirectory()) {
    yield report.fail(`${path} is no folder`, 'choose another with --data');
  } else if (user !== undefined && status.uid !== user && user !== 0) {
    yield report.fail(`${path} belongs to another user`, `run as user ${status.uid}, or chown it`);
  } else if (user !== undefined && (status.mode & 0o077) !== 0) {
    yield report.fail(`${path} is open to other users: keys are in it`, `chmod 700 ${path}`);
  } else if (user !== undefined && status.uid !== user) {
    yield report.warn(`${path} belongs to user ${status.uid}`, 'start the station as that user');
  } else yield report.ok(path);
}

/** Of the nearest folder that is there, for who is not root. */
async function freeBytes(path: string): Promise<number> {
  let folder = path;
  while (!(await exists(folder)) && dirname(folder) !== folder) folder = dirname(folder);
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
