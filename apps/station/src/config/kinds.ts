import { resolve } from 'node:path';
import type { Json } from '@dimp/foundation';
import { type Kind, SettingProblem } from './setting.ts';

/** Shortest accepted secret, in characters. */
const MIN_SECRET = 16;

/** A text on one line. */
export function text(placeholder: string, problem = 'must be a text on one line'): Kind<string> {
  return {
    placeholder,
    read(input) {
      const value = textOf(input)?.trim();
      if (value !== undefined && value !== '' && !/\p{Cc}/u.test(value)) return value;
      throw new SettingProblem(problem);
    },
    show: (value) => value,
  };
}

/** A bearer token: too long to guess, and without spaces, because it is sent in an HTTP header. */
export const token: Kind<string> = {
  placeholder: 'SECRET',
  read(input) {
    const value = textOf(input)?.trim() ?? '';
    if (value.length >= MIN_SECRET && /^[\x21-\x7e]+$/.test(value)) return value;
    throw new SettingProblem(`must have at least ${MIN_SECRET} characters, without spaces`);
  },
  show: (value) => value,
};

/** The path of a file or folder. Relative paths start from the folder of the configuration file. */
export const path: Kind<string> = {
  placeholder: 'PATH',
  read(input, { folder }) {
    const value = textOf(input) ?? '';
    if (value !== '' && !value.includes('\0')) return resolve(folder, value);
    throw new SettingProblem('must be the path of a file or folder');
  },
  show: (value) => value,
};

/** One of several words. */
export function choice<T extends string>(...words: readonly T[]): Kind<T> {
  return {
    placeholder: words.join('|'),
    read(input) {
      const found = words.find((word) => word === input);
      if (found !== undefined) return found;
      throw new SettingProblem(`must be one of ${words.join(', ')}`);
    },
    show: (value) => value,
  };
}

/** Yes or no; `true` and `false` in the file. */
export const yesNo: Kind<boolean> = {
  placeholder: 'yes|no',
  read(input) {
    if (input === true || input === 'yes' || input === 'true' || input === '1') return true;
    if (input === false || input === 'no' || input === 'false' || input === '0') return false;
    throw new SettingProblem('must be yes or no');
  },
  show: (value) => (value ? 'yes' : 'no'),
};

/** Several values: an array in the file, else separated by commas. */
export function listOf<T>(kind: Kind<T>): Kind<readonly T[]> {
  return {
    placeholder: `${kind.placeholder},…`,
    read(input, context) {
      const items: readonly Json[] = Array.isArray(input) ? input : partsOf(input);
      return items.map((item) => kind.read(item, context));
    },
    show: (values) => values.map((value) => kind.show(value)).join(','),
  };
}

/** Splits a list at commas. An empty text is an empty list. */
export function partsOf(input: Json): readonly string[] {
  const value = textOf(input);
  if (value === undefined) throw new SettingProblem('must be a list');
  return value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function textOf(input: Json): string | undefined {
  return typeof input === 'string' ? input : undefined;
}
