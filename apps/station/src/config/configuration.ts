import type { Section, SettingKey, Values } from './settings.ts';

/** Where a value comes from. */
export interface Origin {
  readonly from: 'flag' | 'environment' | 'file' | 'default';
  /** Name of the flag or variable, or path of the file; empty for a default. */
  readonly name: string;
}

/** The checked settings of a station, and where each value comes from. */
export interface Configuration {
  readonly values: Values;
  origin(key: SettingKey): Origin;
  /** The values whose keys start with a name and a dot, without that prefix. */
  section<Name extends string>(name: Name): Section<Name>;
}

/** One error in a configuration. */
export interface ConfigurationProblem {
  readonly message: string;
}

/** An origin in words, such as `flag --port`. */
export function showOrigin({ from, name }: Origin): string {
  return name === '' ? from : `${from} ${name}`;
}
