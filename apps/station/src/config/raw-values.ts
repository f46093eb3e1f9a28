import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Json, JsonObject } from '@dimp/foundation';
import { CommandFailure, systemCode } from '../terminal/failure.ts';
import type { ConfigurationProblem, Origin } from './configuration.ts';
import {
  SETTING_KEYS,
  type SettingKey,
  settingOf,
  VARIABLE_PREFIX,
  variableOf,
} from './settings.ts';
import { suggestion } from './suggestion.ts';

/** A value before it is parsed. */
export interface RawValue {
  readonly value: Json;
  readonly origin: Origin;
  /** Folder that relative paths start from. */
  readonly folder: string;
}

/** The values of one source. */
export interface RawLayer {
  readonly values: ReadonlyMap<SettingKey, RawValue>;
  readonly problems: readonly ConfigurationProblem[];
}

/** Environment variable with the path of the file. */
const FILE_VARIABLE = `${VARIABLE_PREFIX}CONFIG`;

/** Reads values from environment variables. An empty variable is not set. */
export function readEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  folder: string,
): RawLayer & { readonly file: string | undefined } {
  const keys = new Map(SETTING_KEYS.map((key) => [variableOf(key), key]));
  const values = new Map<SettingKey, RawValue>();
  const problems: ConfigurationProblem[] = [];
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith(VARIABLE_PREFIX) || name === FILE_VARIABLE || !value) continue;
    const key = keys.get(name);
    if (key === undefined) problems.push(unknown(`variable ${name}`, name, keys.keys()));
    else values.set(key, { value, origin: { from: 'environment', name }, folder });
  }
  return { values, problems, file: env[FILE_VARIABLE] || undefined };
}

/**
 * Reads values from a JSON file: an object with one object for each section.
 *
 * @throws `file/unreadable`; `config` for invalid JSON
 */
export async function readConfigFile(path: string, folder: string): Promise<RawLayer> {
  const file = resolve(folder, path);
  const found = new Map<string, Json>();
  flatten(parse(await readText(file), file), '', found);
  const values = new Map<SettingKey, RawValue>();
  const problems: ConfigurationProblem[] = [];
  for (const [key, value] of found) {
    if (!isKey(key)) problems.push(unknown(`${key} in ${file}`, key, SETTING_KEYS));
    else values.set(key, { value, origin: { from: 'file', name: file }, folder: dirname(file) });
  }
  return { values, problems };
}

/** Reads values from flags. */
export function readFlags(
  flags: ReadonlyMap<SettingKey, { readonly flag: string; readonly value: Json }>,
  folder: string,
): RawLayer {
  const values = new Map<SettingKey, RawValue>();
  for (const [key, { flag, value }] of flags) {
    values.set(key, { value, origin: { from: 'flag', name: flag }, folder });
  }
  return { values, problems: [] };
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = systemCode(error) ?? 'unknown error';
    throw new CommandFailure('file/unreadable', `${file} cannot be read: ${code}`);
  }
}

/** Parses the file. The message of the parser is left out, because it quotes the file, which may contain secrets. */
function parse(text: string, file: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    const position = /position (\d+)/.exec(String(error))?.[1];
    throw new CommandFailure('config', `${file} is not valid JSON${placeOf(text, position)}`);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as JsonObject;
  throw new CommandFailure('config', `${file} must be a JSON object`);
}

function placeOf(text: string, position: string | undefined): string {
  if (position === undefined) return '';
  const before = text.slice(0, Number(position)).split('\n');
  return `: see line ${before.length}, column ${(before.at(-1) ?? '').length + 1}`;
}

/** Collects the values of nested objects under their keys, joined by dots. */
function flatten(object: JsonObject, prefix: string, found: Map<string, Json>): void {
  for (const [name, value] of Object.entries(object)) {
    const key = prefix + name;
    const isSection = SETTING_KEYS.some((each) => each.startsWith(`${key}.`));
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (isSection && isObject) flatten(value as JsonObject, `${key}.`, found);
    else found.set(key, value ?? null);
  }
}

function isKey(key: string): key is SettingKey {
  return (
    (SETTING_KEYS as readonly string[]).includes(key) && settingOf(key as SettingKey) !== undefined
  );
}

function unknown(what: string, name: string, names: Iterable<string>): ConfigurationProblem {
  const meant = suggestion(name, names);
  return {
    message: `${what} is not a setting${meant === undefined ? '' : `: did you mean ${meant}?`}`,
  };
}
