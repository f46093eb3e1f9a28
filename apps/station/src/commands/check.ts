import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonObject } from '@dimp/foundation';
import { checkData } from '../check/check-data.ts';
import { checkClock, checkNeighbours, checkPort } from '../check/check-network.ts';
import { checkStore } from '../check/check-store.ts';
import { checkTls } from '../check/check-tls.ts';
import { type Finding, reporter } from '../check/finding.ts';
import type { Configuration } from '../config/configuration.ts';
import { SETTING_KEYS, settingOf } from '../config/settings.ts';
import { giveOrder } from '../control/control-client.ts';
import { type DataFolder, dataFolder } from '../data/data-folder.ts';
import { loadPolicy } from '../running/policy-module.ts';
import { failureOf } from '../terminal/failure.ts';
import type { Output } from '../terminal/output.ts';
import type { CommandDefinition } from './command.ts';

/** Checks everything that a station needs and reports what to do about each problem. Changes nothing. Exits with 1 if a check fails. */
export const checkCommand: CommandDefinition = {
  name: 'check',
  description: 'check configuration, data, certificate, port and neighbours',

  async run({ output, configuration }) {
    let fails = false;
    for await (const finding of findings(configuration)) {
      fails ||= finding.state === 'fail';
      show(output, finding);
    }
    return fails ? 1 : 0;
  },
};

async function* findings(read: () => Promise<Configuration>): AsyncGenerator<Finding> {
  const report = reporter('config');
  let configuration: Configuration;
  try {
    configuration = await read();
  } catch (error) {
    for (const line of failureOf(error).message.split('\n')) {
      yield report.fail(line, 'dim-station --help lists all settings');
    }
    return;
  }
  yield report.ok('all values are valid');
  yield* checkSecrets(configuration);
  const data = dataFolder(configuration.values.data);
  yield* checkFiles(configuration);
  yield* attempt('policy', () => checkPolicy(configuration));
  yield* attempt('data', () => checkData(configuration, data));
  const running = await giveOrder(data.control, 'status').catch((): undefined => undefined);
  yield* attempt('store', () => checkStore(data, running));
  yield* attempt('tls', () => checkTls(configuration, Date.now()));
  yield* attempt('port', () => checkPort(configuration, running));
  yield* checkClock(Date.now(), await newestWrite(data));
  yield* attempt('neighbour', () => checkNeighbours(configuration, Date.now, running));
}

/** Reports a check that throws as a finding, so that the other checks still run. */
async function* attempt(name: string, run: () => AsyncGenerator<Finding>): AsyncGenerator<Finding> {
  try {
    yield* run();
  } catch (error) {
    yield reporter(name).fail(failureOf(error).message, 'check permissions and disk');
  }
}

/** Warns if the URL in the answer to an upload is derived from the request. */
function* checkFiles({ values }: Configuration): Generator<Finding> {
  if (!values['files.enabled'] || values['files.publicUrl'] !== undefined) return;
  yield reporter('files').warn(
    'files.publicUrl is not set: answers to uploads contain the address that the client connected to',
    'set it if clients download from another address, or if a proxy changes the Host header',
  );
}

async function* checkPolicy({ values }: Configuration): AsyncGenerator<Finding> {
  if (values.policy === undefined) return;
  await loadPolicy(values.policy);
  yield reporter('policy').ok(values.policy);
}

/** Checks that only the owner can read files with secrets. */
async function* checkSecrets({ origin }: Configuration): AsyncGenerator<Finding> {
  if (process.getuid === undefined) return;
  const files = SETTING_KEYS.filter((key) => settingOf(key).secret)
    .map((key) => origin(key))
    .filter(({ from }) => from === 'file')
    .map(({ name }) => name);
  for (const file of new Set(files)) {
    const { mode } = await stat(file);
    if ((mode & 0o007) === 0) continue;
    yield reporter('config').fail(`all users can read the secrets in ${file}`, `chmod 600 ${file}`);
  }
}

async function newestWrite({ store }: DataFolder): Promise<number | undefined> {
  try {
    return (await stat(join(store, 'data.mdb'))).mtimeMs;
  } catch {
    return undefined;
  }
}

function show(output: Output, { check: name, state, message, fix }: Finding): void {
  const facts: JsonObject = { check: name, state, message, ...(fix === undefined ? {} : { fix }) };
  const advice = fix === undefined ? '' : `: ${fix}`;
  output.result(facts, `${state.padEnd(4)}  ${name.padEnd(9)}  ${message}${advice}`);
}
