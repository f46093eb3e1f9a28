import { conflictsOf } from './conflicts.ts';
import type { RawValue } from './raw-values.ts';
import { SettingProblem } from './setting.ts';
import {
  SETTING_KEYS,
  SETTINGS,
  type Section,
  type SettingKey,
  settingOf,
  type Values,
} from './settings.ts';

/** Where a value comes from. */
export interface Origin {
  readonly from: 'flag' | 'environment' | 'file' | 'default';
  /** Name of the flag or variable, or path of the file; empty for a default. */
  readonly name: string;
}

/** What a station is set to, checked, and where each value comes from. */
export interface Configuration {
  readonly values: Values;
  origin(key: SettingKey): Origin;
  /** Values of keys that begin with a word and a dot. */
  section<Name extends string>(name: Name): Section<Name>;
}

/** Something that is wrong in a configuration. */
export interface ConfigurationProblem {
  readonly message: string;
}

const DEFAULT: Origin = { from: 'default', name: '' };

/**
 * Reads and checks all values.
 *
 * @param layers - values as they were written, those that count most first
 * @param folder - where relative paths of defaults are meant from
 * @returns the configuration, and all that is wrong with it
 */
export function configurationOf(
  layers: readonly ReadonlyMap<SettingKey, RawValue>[],
  folder: string,
): { readonly configuration: Configuration; readonly problems: readonly ConfigurationProblem[] } {
  const problems: ConfigurationProblem[] = [];
  const origins = new Map<SettingKey, Origin>();
  const values: Partial<Record<SettingKey, unknown>> = {};
  for (const key of SETTING_KEYS) {
    const raw = layers.map((layer) => layer.get(key)).find((each) => each !== undefined);
    const { kind, fallback } = settingOf(key);
    // A default that is a path is written as an operator would.
    values[key] =
      key === 'data' && raw === undefined
        ? kind.read(SETTINGS.data.fallback, { folder })
        : fallback;
    if (raw === undefined) continue;
    origins.set(key, raw.origin);
    try {
      values[key] = kind.read(raw.value, { folder: raw.folder });
    } catch (error) {
      if (!(error instanceof SettingProblem)) throw error;
      problems.push({ message: `${key} ${error.message} (${showOrigin(raw.origin)})` });
    }
  }
  const checked = values as unknown as Values;
  const configuration: Configuration = {
    values: checked,
    origin: (key) => origins.get(key) ?? DEFAULT,
    section: (name) => sectionOf(checked, name),
  };
  // What does not go together can only be said of values that are right by themselves.
  if (problems.length === 0) {
    for (const { key, message } of conflictsOf(configuration)) {
      problems.push({ message: `${key} ${message} (${showOrigin(configuration.origin(key))})` });
    }
  }
  return { configuration, problems };
}

/** Where a value comes from, in words. */
export function showOrigin({ from, name }: Origin): string {
  return name === '' ? from : `${from} ${name}`;
}

function sectionOf<Name extends string>(values: Values, name: Name): Section<Name> {
  const prefix = `${name}.`;
  const entries = Object.entries(values)
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, value]) => [key.slice(prefix.length), value] as const);
  return Object.fromEntries(entries) as Section<Name>;
}
