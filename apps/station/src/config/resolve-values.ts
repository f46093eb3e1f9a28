import {
  type Configuration,
  type ConfigurationProblem,
  type Origin,
  showOrigin,
} from './configuration.ts';
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

const DEFAULT: Origin = { from: 'default', name: '' };

/**
 * Parses and checks all values.
 *
 * @param layers - the raw values of each source, the one with the highest precedence first
 * @param folder - folder that relative paths of defaults start from
 * @returns the configuration, and every error in it
 */
export function resolveValues(
  layers: readonly ReadonlyMap<SettingKey, RawValue>[],
  folder: string,
): { readonly configuration: Configuration; readonly problems: readonly ConfigurationProblem[] } {
  const problems: ConfigurationProblem[] = [];
  const origins = new Map<SettingKey, Origin>();
  const values: Partial<Record<SettingKey, unknown>> = {};
  for (const key of SETTING_KEYS) {
    const raw = layers.map((layer) => layer.get(key)).find((each) => each !== undefined);
    const { kind, fallback } = settingOf(key);
    // The default is a relative path, as an operator would write it.
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
  const checked = values as Values;
  const configuration: Configuration = {
    values: checked,
    origin: (key) => origins.get(key) ?? DEFAULT,
    section: (name) => sectionOf(checked, name),
  };
  // Conflicts between values make sense only when each value is valid.
  if (problems.length === 0) {
    for (const { key, message } of conflictsOf(configuration)) {
      problems.push({ message: `${key} ${message} (${showOrigin(configuration.origin(key))})` });
    }
  }
  return { configuration, problems };
}

function sectionOf<Name extends string>(values: Values, name: Name): Section<Name> {
  const prefix = `${name}.`;
  const entries = Object.entries(values)
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, value]) => [key.slice(prefix.length), value] as const);
  return Object.fromEntries(entries) as Section<Name>;
}
