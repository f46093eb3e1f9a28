import { isIP } from 'node:net';
import { names, neighbourList } from './addresses.ts';
import { FILE_SETTINGS } from './file-settings.ts';
import { choice, listOf, path, text, token, yesNo } from './kinds.ts';
import { LIMIT_SETTINGS } from './limit-settings.ts';
import { size, whole } from './quantities.ts';
import { type Kind, optional, type Setting, SettingProblem, secret, setting } from './setting.ts';

const MIB = 1024 * 1024;

/** All settings. Flags, environment variables, the file, help texts, the table in the guide and checks derive from it. */
export const SETTINGS = {
  host: optional('address to listen on; all addresses of the machine by default', text('HOST')),
  port: setting('port for all protocols; 0 for any free port', whole(0, 65_535, 'PORT'), 9394),
  data: setting('data folder', path, 'dim-station-data'),
  name: setting('name of the station, used when its identity is created', stationName(), 'station'),
  trustedProxies: setting('proxies whose X-Forwarded-For header is trusted', listOf(network()), []),
  neighbours: setting('trusted stations and their addresses', neighbourList, []),
  ans: setting('short names that the station resolves', names, {}),
  policy: optional('module that exports a function `policy`', path),
  'tls.cert': optional('certificate chain, as PEM', path),
  'tls.key': optional('private key of the certificate, as PEM', path),
  'tls.required': setting('whether connections without TLS are refused', yesNo, false),
  'log.level': setting(
    'lowest level of log lines',
    choice('silent', 'error', 'warn', 'info', 'debug', 'trace'),
    'info',
  ),
  'metrics.access': setting(
    'who can read /metrics',
    choice('loopback', 'anyone', 'token', 'off'),
    'loopback',
  ),
  'metrics.token': secret('bearer token for /metrics', token),
  'store.reserveBytes': setting('disk space that the store leaves free', size, 32 * MIB),
  'store.checkBytes': setting('largest store that is checked for damage at start', size, 256 * MIB),
  ...LIMIT_SETTINGS,
  ...FILE_SETTINGS,
} as const;

/** Key of a setting, as in the file. */
export type SettingKey = keyof typeof SETTINGS;

/** A value for each setting. */
export type Values = {
  readonly [K in SettingKey]: (typeof SETTINGS)[K] extends Setting<infer T> ? T : never;
};

/** The values whose keys start with a name and a dot, without that prefix. */
export type Section<Name extends string> = {
  readonly [K in SettingKey as K extends `${Name}.${infer Rest}` ? Rest : never]: Values[K];
};

/** All keys, in the order of the table. */
export const SETTING_KEYS: readonly SettingKey[] = Object.keys(SETTINGS) as SettingKey[];

/** The flag of a setting, such as `--limits-message-bytes`. */
export function flagOf(key: SettingKey): string {
  return `--${wordsOf(key).join('-')}`;
}

/** The environment variable of a setting, such as `DIM_STATION_LIMITS_MESSAGE_BYTES`. */
export function variableOf(key: SettingKey): string {
  return `${VARIABLE_PREFIX}${wordsOf(key).join('_').toUpperCase()}`;
}

/** Prefix of the environment variables of this program. */
export const VARIABLE_PREFIX = 'DIM_STATION_';

/** The setting of a key. */
export function settingOf(key: SettingKey): Setting<unknown> {
  return SETTINGS[key];
}

/** Formats a value; hides a secret. */
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
  const problem = 'must be a name of 1 to 32 bytes without spaces, "@" and "/"';
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

/** An IP address, or a network such as `10.0.0.0/8`. */
function network(): Kind<string> {
  const problem = 'must be addresses or networks such as 10.0.0.0/8';
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
