import { isIP } from 'node:net';
import { names, neighbourList } from './addresses.ts';
import { FILE_SETTINGS } from './file-settings.ts';
import { choice, listOf, path, text, token, yesNo } from './kinds.ts';
import { LIMIT_SETTINGS } from './limit-settings.ts';
import { size, whole } from './quantities.ts';
import { type Kind, optional, type Setting, SettingProblem, secret, setting } from './setting.ts';

const MIB = 1024 * 1024;

/**
 * Everything that an operator may set: flags, variables of the environment, the file, help texts, the table in the guide,
 * and checks all come from here.
 */
export const SETTINGS = {
  host: optional('address to listen at; all of the machine by default', text('HOST')),
  port: setting(
    'port for all that the station speaks; 0 for any that is free',
    whole(0, 65_535, 'PORT'),
    9394,
  ),
  data: setting('folder of everything that the station keeps', path, 'dim-station-data'),
  name: setting('name of the station, when it makes its identity', stationName(), 'station'),
  trustedProxies: setting('proxies whose X-Forwarded-For is believed', listOf(network()), []),
  neighbours: setting('stations that are trusted, and where they are', neighbourList, []),
  ans: setting('short names that the station gives', names, {}),
  policy: optional('module that exports a function `policy`', path),
  'tls.cert': optional('certificate, and those that it depends on, as PEM', path),
  'tls.key': optional('private key of the certificate, as PEM', path),
  'tls.required': setting('whether connections without TLS are refused', yesNo, false),
  'log.level': setting(
    'what is written to the log',
    choice('silent', 'error', 'warn', 'info', 'debug', 'trace'),
    'info',
  ),
  'metrics.access': setting(
    'who may read /metrics',
    choice('loopback', 'anyone', 'token', 'off'),
    'loopback',
  ),
  'metrics.token': secret('bearer token of those who may read them', token),
  'store.reserveBytes': setting('what the store leaves free on the disk', size, 32 * MIB),
  'store.checkBytes': setting(
    'largest store that is gone through for damage at start',
    size,
    256 * MIB,
  ),
  ...LIMIT_SETTINGS,
  ...FILE_SETTINGS,
} as const;

/** Name of a setting, as in the file. */
export type SettingKey = keyof typeof SETTINGS;

/** A value for each setting. */
export type Values = {
  readonly [K in SettingKey]: (typeof SETTINGS)[K] extends Setting<infer T> ? T : never;
};

/** Those whose key begins with a word and a dot, without it. */
export type Section<Name extends string> = {
  readonly [K in SettingKey as K extends `${Name}.${infer Rest}` ? Rest : never]: Values[K];
};

/** All keys, in the order of the table. */
export const SETTING_KEYS: readonly SettingKey[] = Object.keys(SETTINGS) as SettingKey[];

/** What a flag is called: `--limits-message-bytes`. */
export function flagOf(key: SettingKey): string {
  return `--${wordsOf(key).join('-')}`;
}

/** What a variable of the environment is called: `DIM_STATION_LIMITS_MESSAGE_BYTES`. */
export function variableOf(key: SettingKey): string {
  return `${VARIABLE_PREFIX}${wordsOf(key).join('_').toUpperCase()}`;
}

/** How variables begin that are meant for this program. */
export const VARIABLE_PREFIX = 'DIM_STATION_';

/** The setting of a key, whatever its values are. */
export function settingOf(key: SettingKey): Setting<unknown> {
  return SETTINGS[key];
}

/** A value as an operator would write it; nothing of a secret. */
export function showValue(key: SettingKey, values: Values): string {
  const { kind, secret: hidden } = settingOf(key);
  const value = values[key];
  if (hidden && value !== undefined) return '(secret)';
  return kind.show(value);
}

function wordsOf(key: SettingKey): readonly string[] {
  return key.split(/\.|(?=[A-Z])/).map((word) => word.toLowerCase());
}

function stationName(): Kind<string> {
  const problem = 'has to be a name of 1 to 32 bytes without spaces, "@" and "/"';
  const line = text('NAME', problem);
  return {
    ...line,
    read(input, context) {
      const name = line.read(input, context);
      if (!/[\s@/]/u.test(name) && new TextEncoder().encode(name).length <= 32) return name;
      throw new SettingProblem(problem);
    },
  };
}

/** An address, or a network such as `10.0.0.0/8`. */
function network(): Kind<string> {
  const problem = 'has to be addresses or networks such as 10.0.0.0/8';
  const line = text('NETWORK', problem);
  return {
    ...line,
    read(input, context) {
      const network = line.read(input, context);
      const [address = '', bits = '0', ...others] = network.split('/');
      const longest = isIP(address) === 4 ? 32 : 128;
      const fits = /^\d{1,3}$/.test(bits) && Number(bits) <= longest;
      if (isIP(address) !== 0 && fits && others.length === 0) return network;
      throw new SettingProblem(problem);
    },
  };
}
