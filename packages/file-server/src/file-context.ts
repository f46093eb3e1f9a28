import type { Clock, Logger } from '@dimp/core';
import type { Admission } from './admission.ts';
import type { DiskUsage } from './disk-usage.ts';
import type { FileDisk, OpenFile } from './file-disk.ts';
import type { FileLimits } from './file-limits.ts';
import type { FileKey } from './file-names.ts';
import type { UploadTurns } from './upload-turns.ts';

/** The parts of a file server that its handlers share. */
export interface FileContext {
  readonly disk: FileDisk;
  readonly usage: DiskUsage;
  readonly turns: UploadTurns;
  readonly admission: Admission;
  readonly limits: FileLimits;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Whether a file is too old to be kept. */
export function isExpired(written: number, keep: number, clock: Clock): boolean {
  return clock.now() - written > keep;
}

/** Opens a finished file for reading, unless it is too old. */
export async function openCurrent(
  { disk, limits, clock }: FileContext,
  key: FileKey,
): Promise<OpenFile | undefined> {
  const file = await disk.openFinished(key);
  if (file === undefined) return undefined;
  if (!isExpired(file.finished, limits.keepFinished, clock)) return file;
  await file.handle.close();
  return undefined;
}

/** Removes an expired file before its name is used again. The caller must have the turn for it. */
export async function removeExpired(
  { disk, usage }: Pick<FileContext, 'disk' | 'usage'>,
  key: FileKey,
): Promise<void> {
  const old = await disk.openFinished(key);
  if (old === undefined) return;
  await old.handle.close();
  if (await disk.removeFinished(key)) usage.add(-old.size, -1);
}
