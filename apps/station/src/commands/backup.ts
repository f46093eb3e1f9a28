import { resolve } from 'node:path';
import type { JsonObject } from '@dimp/foundation';
import { Argument, Option } from 'commander';
import { giveOrder } from '../control/control-client.ts';
import { backUp } from '../data/backup.ts';
import { type DataFolder, dataFolder } from '../data/data-folder.ts';
import { openStopped } from '../data/stopped-station.ts';
import type { CommandDefinition } from './command.ts';

/** Options of `dim-station backup`. */
interface BackupCommandOptions {
  /** Whether the files that users have uploaded are copied. */
  readonly userFiles: boolean;
}

/** Copies the data of a station, running or not, to a folder that a station can be started with. */
export const backupCommand: CommandDefinition<BackupCommandOptions, [folder: string]> = {
  name: 'backup',
  description: 'copy the data of the station, whether it runs or not',
  arguments: [new Argument('<folder>', 'folder of the copy; it must not exist yet')],
  options: [new Option('--no-user-files', 'leave out the files that users have uploaded')],

  async run({ configuration, output }, { userFiles }, folder) {
    const data = dataFolder((await configuration()).values.data);
    const target = resolve(folder);
    const options = { files: userFiles };
    const summary =
      (await giveOrder(data.control, 'backup', { path: target, files: userFiles })) ??
      (await backUpStopped(data, target, options));
    const { files, bytes } = summary;
    output.result(
      { backup: target, files: files ?? 0, bytes: bytes ?? 0 },
      `${target}: store, and ${String(files)} files of ${String(bytes)} bytes`,
    );
  },
};

async function backUpStopped(
  data: DataFolder,
  target: string,
  options: { readonly files: boolean },
): Promise<JsonObject> {
  await using stopped = await openStopped(data);
  return { ...(await backUp(stopped.store, data, target, options)) };
}
