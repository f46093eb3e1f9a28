import { resolve } from 'node:path';
import type { JsonObject } from '@dimp/foundation';
import { giveOrder } from '../control/control-client.ts';
import { backUp } from '../data/backup.ts';
import { type DataFolder, dataFolder } from '../data/data-folder.ts';
import { openStopped } from '../data/stopped-station.ts';
import type { CommandContext } from './context.ts';

/** Copies the data of a station, whether it runs or not, to a folder that one can be started with. */
export async function backup(
  { configuration, output }: CommandContext,
  path: string,
  options: { readonly files: boolean },
): Promise<void> {
  const data = dataFolder(configuration.values.data);
  const target = resolve(path);
  const summary =
    (await giveOrder(data.control, 'backup', { path: target, files: options.files })) ??
    (await backUpStopped(data, target, options));
  const { files, bytes } = summary;
  output.result(
    { backup: target, files: files ?? 0, bytes: bytes ?? 0 },
    `${target}: store, and ${String(files)} files of ${String(bytes)} bytes`,
  );
}

async function backUpStopped(
  data: DataFolder,
  target: string,
  options: { readonly files: boolean },
): Promise<JsonObject> {
  const stopped = await openStopped(data);
  try {
    return { ...(await backUp(stopped.store, data, target, options)) };
  } finally {
    await stopped[Symbol.asyncDispose]();
  }
}
