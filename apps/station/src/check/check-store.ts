import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isProtocolError, type JsonObject, utf8Encode } from '@dimp/foundation';
import type { User } from '@dimp/mkm';
import { type DataFolder, exists } from '../data/data-folder.ts';
import { findIdentity } from '../data/identity.ts';
import { openStopped, type StoppedStation } from '../data/stopped-station.ts';
import { failureOf } from '../terminal/failure.ts';
import { type Finding, reporter } from './finding.ts';

/** Checks store and identity: reads all of it if no station is running, else asks the running station. */
export async function* checkStore(
  data: DataFolder,
  running: JsonObject | undefined,
): AsyncGenerator<Finding> {
  const report = reporter('store');
  if (running !== undefined) {
    yield running['store'] === 'working'
      ? report.ok(`in use by process ${String(running['pid'])}, which checked it at its start`)
      : report.fail('the running station cannot write to it', 'look at the log and the disk');
    yield reporter('identity').ok(String(running['id']));
    return;
  }
  if (!(await exists(data.store))) {
    yield report.warn('there is no store yet', 'the first start creates it, and the identity');
    return;
  }
  let stopped: StoppedStation;
  try {
    stopped = await openStopped(data, Number.POSITIVE_INFINITY);
  } catch (error) {
    yield report.fail(failureOf(error).message, fixOf(error));
    return;
  }
  try {
    yield await readAll(data, stopped);
    yield await checkIdentity(stopped);
  } finally {
    await stopped[Symbol.asyncDispose]();
  }
}

async function readAll(data: DataFolder, { store }: StoppedStation): Promise<Finding> {
  const report = reporter('store');
  let entries = 0;
  try {
    for await (const _ of store.list([])) entries += 1;
  } catch (error) {
    return report.fail(failureOf(error).message, fixOf(error));
  }
  const { size } = await stat(join(data.store, 'data.mdb'));
  return report.ok(
    `${entries} entries, ${Math.ceil(size / 1024)} KiB, all pages and keys are valid`,
  );
}

async function checkIdentity({ facebook }: StoppedStation): Promise<Finding> {
  const report = reporter('identity');
  const backup = 'restore the latest backup: without this key the station has another identity';
  try {
    const user = await findIdentity(facebook);
    if (user === undefined)
      return report.warn('there is no identity yet', 'the first start creates it');
    if (!(await signs(user))) return report.fail('its key does not match its meta', backup);
    return report.ok(user.id.text);
  } catch (error) {
    return report.fail(failureOf(error).message, backup);
  }
}

async function signs(user: User): Promise<boolean> {
  const [signer, meta] = [await user.signer(), await user.meta()];
  if (signer === undefined || meta === undefined) return false;
  const data = utf8Encode('dim-station check');
  return meta.key.verify(data, await signer.sign(data));
}

function fixOf(error: unknown): string {
  if (isProtocolError(error, 'store/corrupt')) {
    return 'move the data folder away and restore the latest backup; this check has changed nothing';
  }
  if (isProtocolError(error, 'store/conflict')) {
    return 'stop that process first, or wait until it has started or stopped';
  }
  return 'check the disk, and the permissions of the folder';
}
