import type { Json } from '@dimp/foundation';
import { CommandFailure } from '../terminal/failure.ts';
import type { Configuration } from './configuration.ts';
import { type RawLayer, readConfigFile, readEnvironment, readFlags } from './raw-values.ts';
import { resolveValues } from './resolve-values.ts';
import type { SettingKey } from './settings.ts';

/** Sources of a configuration. Flags take precedence over the environment, and the environment over the file. */
export interface Sources {
  readonly flags: ReadonlyMap<SettingKey, { readonly flag: string; readonly value: Json }>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Path of the file, if a flag sets it. */
  readonly file: string | undefined;
  /** Folder that relative paths of flags and variables start from. */
  readonly folder: string;
}

/**
 * Reads and checks the configuration.
 *
 * @throws `config` with all errors, one per line; `file/unreadable`
 */
export async function readConfiguration(sources: Sources): Promise<Configuration> {
  const flags = readFlags(sources.flags, sources.folder);
  const environment = readEnvironment(sources.env, sources.folder);
  const path = sources.file ?? environment.file;
  const layers: RawLayer[] = [flags, environment];
  if (path !== undefined) layers.push(await readConfigFile(path, sources.folder));
  const { configuration, problems } = resolveValues(
    layers.map(({ values }) => values),
    sources.folder,
  );
  const all = [...layers.flatMap((layer) => layer.problems), ...problems];
  if (all.length === 0) return configuration;
  throw new CommandFailure('config', all.map(({ message }) => message).join('\n'));
}
