import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import type { Configuration } from '../../apps/station/src/config/configuration.ts';
import {
  readConfiguration,
  type Sources,
} from '../../apps/station/src/config/read-configuration.ts';
import { SettingProblem } from '../../apps/station/src/config/setting.ts';
import {
  flagOf,
  SETTING_KEYS,
  type SettingKey,
  settingOf,
  showValue,
  variableOf,
} from '../../apps/station/src/config/settings.ts';
import { CommandFailure, failureOf } from '../../apps/station/src/terminal/failure.ts';
import { DEFAULT_LIMITS } from '../../packages/station/src/index.ts';

const GSP = 'station@224NtEQd8onVWC631soQ7CcPQGijWM1AD3';
/** A user. */
const MOKI = 'moki@4WDfe3zZ4T7opFSi3iDAKiuTnUHjxmXekk';
const FOLDER = '/srv/dim';

interface Given {
  readonly flags?: Readonly<Partial<Record<SettingKey, string>>>;
  readonly env?: Sources['env'];
  /** Contents of the file. */
  readonly file?: unknown;
}

async function read({ flags = {}, env = {}, file }: Given): Promise<Configuration> {
  const given = Object.entries(flags).map(
    ([key, value]) => [key as SettingKey, { flag: flagOf(key as SettingKey), value }] as const,
  );
  const path = file === undefined ? undefined : await fileWith(JSON.stringify(file));
  return readConfiguration({ flags: new Map(given), env, file: path, folder: FOLDER });
}

async function fileWith(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'dim-station-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'station.json');
  await writeFile(path, text);
  return path;
}

/** The reported errors, one per line. */
async function problems(given: Given): Promise<readonly string[]> {
  try {
    await read(given);
  } catch (error) {
    expect(failureOf(error)).toMatchObject({ code: 'config', exit: 78 });
    return (error as Error).message.split('\n');
  }
  throw new Error('nothing is wrong');
}

test('flags take precedence over the environment, the environment over the file, and the file over defaults', async () => {
  const flags = { port: '1' };
  const env = { DIM_STATION_PORT: '2', DIM_STATION_NAME: 'two' };
  const file = { port: 3, name: 'three', limits: { window: 3 } };
  const configuration = await read({ flags, env, file });
  expect(configuration.values.port).toBe(1);
  expect(configuration.values.name).toBe('two');
  expect(configuration.values['limits.window']).toBe(3);
  expect(configuration.values['limits.sessionsPerUser']).toBe(DEFAULT_LIMITS.sessionsPerUser);
  expect(configuration.origin('port')).toEqual({ from: 'flag', name: '--port' });
  expect(configuration.origin('name')).toEqual({ from: 'environment', name: 'DIM_STATION_NAME' });
  expect(configuration.origin('limits.window')).toMatchObject({ from: 'file' });
  expect(configuration.origin('limits.sessionsPerUser')).toEqual({ from: 'default', name: '' });
});

test('the environment sets the path of the file unless a flag does', async () => {
  const [one, two] = [await fileWith('{"port": 1}'), await fileWith('{"port": 2}')];
  const env = { DIM_STATION_CONFIG: one };
  const byVariable = { flags: new Map(), env, file: undefined, folder: FOLDER };
  expect((await readConfiguration(byVariable)).values.port).toBe(1);
  expect((await readConfiguration({ ...byVariable, file: two })).values.port).toBe(2);
});

test('without settings, the station uses the defaults of the table and the limits of the package', async () => {
  const configuration = await read({});
  expect(configuration.section('limits')).toEqual(DEFAULT_LIMITS);
  expect(configuration.values.data).toBe(join(FOLDER, 'dim-station-data'));
  expect(configuration.values.port).toBe(9394);
});

test('relative paths start from the folder of their source', async () => {
  const file = { data: 'keep', tls: { cert: '/etc/cert.pem' } };
  const path = await fileWith(JSON.stringify(file));
  const flags = new Map([['tls.key' as const, { flag: '--tls-key', value: 'key.pem' }]]);
  const { values } = await readConfiguration({ flags, env: {}, file: path, folder: FOLDER });
  expect(values.data).toBe(join(path, '..', 'keep'));
  expect(values['tls.cert']).toBe('/etc/cert.pem');
  expect(values['tls.key']).toBe(join(FOLDER, 'key.pem'));
});

test('all errors are reported at once, each with its key and its source', async () => {
  const lines = await problems({
    flags: { port: '70000' },
    env: { DIM_STATION_LIMITS_INBOX_RETENTION: '7' },
    file: { tls: { required: 'perhaps' }, limits: { connectionRate: '5' } },
  });
  expect(lines).toHaveLength(4);
  expect(lines[0]).toBe('port must be a whole number from 0 to 65535 (flag --port)');
  const text = lines.join('\n');
  expect(text).toMatch(/^tls\.required must be yes or no \(file \/.*station\.json\)$/m);
  expect(text).toMatch(/^limits\.connectionRate must be PER_SECOND\/BURST.*\(file /m);
  expect(text).toMatch(
    /^limits\.inboxRetention .*7d \(environment DIM_STATION_LIMITS_INBOX_RETENTION\)$/m,
  );
});

test('unknown keys are refused in every source, with a suggestion', async () => {
  const lines = await problems({
    env: { DIM_STATION_PROT: '1' },
    file: { prot: 1, limits: { inboxMesages: 5 }, limit: { window: 1 }, wholly: 'else' },
  });
  expect(lines.map((line) => line.replace(/ in \/\S+/, ''))).toEqual([
    'variable DIM_STATION_PROT is not a setting: did you mean DIM_STATION_PORT?',
    'prot is not a setting: did you mean port?',
    'limits.inboxMesages is not a setting: did you mean limits.inboxMessages?',
    expect.stringMatching(/^limit is not a setting/),
    'wholly is not a setting',
  ]);
});

test.each([
  ['__proto__ in the file', '{"__proto__": {"port": 1}}', /__proto__ in/],
  ['constructor in the file', '{"limits": {"constructor": 1}}', /limits\.constructor in/],
  ['a section that is no object', '{"limits": 5}', /limits in/],
  ['an array', '[]', /must be a JSON object/],
  [
    'text that is no JSON',
    '{"port": 1,\n "metrics": {"token": "a-secret-token-1234" "x": 1}}',
    /not valid JSON/,
  ],
  ['an empty file', '', /not valid JSON/],
])('%s is refused, and nothing of the file is quoted', async (_name, text, pattern) => {
  const path = await fileWith(text);
  const reading = readConfiguration({ flags: new Map(), env: {}, file: path, folder: FOLDER });
  const error = await reading.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(CommandFailure);
  expect(failureOf(error)).toMatchObject({ code: 'config', exit: 78 });
  expect((error as Error).message).toMatch(pattern);
  expect((error as Error).message).not.toContain('a-secret-token');
});

test('a missing file is reported as unreadable', async () => {
  const reading = readConfiguration({
    flags: new Map(),
    env: {},
    file: '/nowhere',
    folder: FOLDER,
  });
  const error = await reading.catch((thrown: unknown) => thrown);
  expect(failureOf(error)).toMatchObject({ code: 'file/unreadable', exit: 66 });
});

test.each<[SettingKey, unknown, unknown]>([
  ['limits.messageBytes', '64KiB', 65_536],
  ['limits.messageBytes', 8192, 8192],
  ['limits.messageBytes', '1 mib', 1_048_576],
  ['limits.inboxRetention', '12h', 43_200_000],
  ['limits.inboxRetention', '1.5d', 129_600_000],
  ['limits.connectionRate', '0.5/20', { perSecond: 0.5, burst: 20 }],
  ['limits.connectionRate', { perSecond: 2, burst: 3 }, { perSecond: 2, burst: 3 }],
  ['limits.userByteRate', '1MiB/16MiB', { perSecond: 1_048_576, burst: 16_777_216 }],
  ['trustedProxies', ['10.0.0.0/8', '::1'], ['10.0.0.0/8', '::1']],
  ['files.enabled', false, false],
  ['log.level', 'trace', 'trace'],
])('%s in the file: %j', async (key, value, expected) => {
  const [section = '', name] = key.split('.');
  const file = name === undefined ? { [section]: value } : { [section]: { [name]: value } };
  const { values } = await read({ file });
  expect(values[key]).toEqual(expected);
});

test.each<[SettingKey, string]>([
  ['limits.messageBytes', '64 parsecs'],
  ['limits.messageBytes', '2MiB'],
  ['limits.messageBytes', '-1'],
  ['limits.inboxRetention', '500'],
  ['limits.inboxRetention', '1000d'],
  ['limits.connectionRate', '0/5'],
  ['limits.connectionRate', '5/0.5'],
  ['limits.window', '1.5'],
  ['limits.window', '0'],
  ['limits.window', '1e2'],
  ['port', ''],
  ['port', '0x50'],
  ['name', 'a name'],
  ['name', 'x'.repeat(33)],
  ['trustedProxies', '10.0.0.0/33'],
  ['trustedProxies', 'localhost'],
  ['data', ''],
  ['neighbours', 'gsp'],
  ['neighbours', `${GSP}=http://192.0.2.1:80`],
  ['neighbours', `${GSP}=tcp://192.0.2.1:80,${GSP}`],
  ['ans', 'archivist'],
  ['ans', `everyone=${GSP}`],
  ['ans', `two words=${GSP}`],
  ['ans', 'archivist=nobody'],
  ['log.level', 'loud'],
  ['files.publicUrl', 'ftp://files.example.org'],
])('%s is not %j', async (key, value) => {
  const [line = ''] = await problems({ flags: { [key]: value } });
  expect(line).toMatch(new RegExp(`^${key.replace('.', '\\.')} .*\\(flag ${flagOf(key)}\\)$`));
});

test.each<[Readonly<Partial<Record<SettingKey, string>>>, RegExp]>([
  [{ 'tls.cert': 'cert.pem' }, /^tls\.cert needs tls\.key/],
  [{ 'tls.key': 'key.pem' }, /^tls\.key needs tls\.cert/],
  [{ 'tls.required': 'yes' }, /^tls\.required needs/],
  [{ 'metrics.access': 'token' }, /^metrics\.access needs metrics\.token/],
  [{ 'files.uploads': 'token' }, /^files\.uploads needs files\.uploadToken/],
])('%j does not go alone', async (flags, pattern) => {
  expect((await problems({ flags }))[0]).toMatch(pattern);
});

test('neighbours and names mean the same in the file and as text', async () => {
  const [first, second] = [{ id: GSP, host: '2001:db8::1', port: 9000, tls: true }, { id: MOKI }];
  expect(await problems({ file: { neighbours: [first, second] } })).toEqual([
    expect.stringMatching(/^neighbours must contain IDs of stations only/),
  ]);
  const byFile = await read({ file: { neighbours: [first], ans: { archivist: GSP } } });
  const byText = await read({
    flags: { neighbours: `${GSP}=tls://[2001:db8::1]:9000`, ans: `archivist=${GSP}` },
  });
  expect(byText.values.neighbours).toEqual(byFile.values.neighbours);
  expect(byText.values.neighbours[0]?.at).toEqual({ host: '2001:db8::1', port: 9000, tls: true });
  expect(byText.values.ans).toEqual(byFile.values.ans);
});

test('secrets have no flags, have a minimum length, and are never shown', async () => {
  const secret = 'correct-horse-battery';
  const { values } = await read({ env: { DIM_STATION_METRICS_TOKEN: secret } });
  expect(values['metrics.token']).toBe(secret);
  expect(showValue('metrics.token', values)).toBe('(secret)');
  for (const key of SETTING_KEYS) expect(showValue(key, values)).not.toContain(secret);
  const [line = ''] = await problems({ env: { DIM_STATION_METRICS_TOKEN: 'shortsecret' } });
  expect(line).toMatch(/^metrics\.token must have at least 16 characters/);
  expect(line).not.toContain('shortsecret');
});

test('names of flags and variables are unique, and follow from the key', () => {
  expect(flagOf('limits.connectionsPerAddress')).toBe('--limits-connections-per-address');
  expect(variableOf('tls.cert')).toBe('DIM_STATION_TLS_CERT');
  expect(new Set(SETTING_KEYS.map(flagOf)).size).toBe(SETTING_KEYS.length);
  expect(new Set(SETTING_KEYS.map(variableOf)).size).toBe(SETTING_KEYS.length);
});

test('a formatted value is parsed as the same value', () => {
  for (const key of SETTING_KEYS) {
    const { kind, fallback } = settingOf(key);
    if (fallback === undefined || key === 'data') continue;
    expect(kind.read(kind.show(fallback), { folder: FOLDER }), key).toEqual(fallback);
  }
});

test('any value is parsed, or refused as a problem of its setting', () => {
  const anything = fc.oneof(fc.string(), fc.jsonValue(), fc.double().filter(Number.isFinite));
  fc.assert(
    fc.property(fc.constantFrom(...SETTING_KEYS), anything, (key, value) => {
      const { kind } = settingOf(key);
      try {
        const once = kind.read(value as string, { folder: FOLDER });
        expect(kind.read(kind.show(once), { folder: FOLDER })).toEqual(once);
      } catch (error) {
        expect(error).toBeInstanceOf(SettingProblem);
      }
    }),
    { numRuns: 3000 },
  );
});
