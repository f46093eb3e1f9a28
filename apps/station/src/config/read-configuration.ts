import type { Json } from '@dimp/foundation';
import { CommandFailure } from '../terminal/failure.ts';
import type { Configuration } from './configuration.ts';
import { type RawLayer, readConfigFile, readEnvironment, readFlags } from './raw-values.ts';
import { resolveValues } from './resolve-values.ts';
import type { SettingKey } from './settings.ts';

/** Where a configuration is read from: a flag counts more than the environment, and that more than the file. */
export interface Sources {
  readonly flags: ReadonlyMap<SettingKey, { readonly flag: string; readonly value: Json }>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Path of the file, if a flag names it. */
  readonly file: string | undefined;
  /** Where relative paths of flags and variables are meant from. */
  readonly folder: string;
}

/**
 * Reads the configuration and checks every value of it.
 *
 * @throws `config` with everything that is wrong, one line each; `file/unreadable`
 */
export async function readConfiguration(sources: Sources): Promise<Configuration> {
  const flags = readFlags(sources.flags, sources.folder);
  const environment = readEnvironment(sources.env, sources.folder);
  const path = sources.file ?? environment.file;
  const layers: RawLayer[] = [flags, environment];
  if (path !== undefined) layers.push(await readConfigFile(path));
  const { configuration, problems } = resolveValues(
    layers.map(({ values }) => values),
    sources.folder,
  );
  const all = [...layers.flatMap((layer) => layer.problems), ...problems];
  if (all.length === 0) return configuration;
  throw new CommandFailure('config', all.map(({ message }) => message).join('\n'));
}
