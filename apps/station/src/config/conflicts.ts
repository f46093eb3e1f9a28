import { isProtocolError } from '@dimp/foundation';
import { ANY_STATION } from '@dimp/mkm';
import { limitsOf, NameTable } from '@dimp/station';
import type { Configuration } from './configuration.ts';
import type { SettingKey } from './settings.ts';

/** A value that is invalid in combination with others. */
interface Conflict {
  readonly key: SettingKey;
  readonly message: string;
}

/** Finds values that do not match each other, and limits out of range. */
export function* conflictsOf(configuration: Configuration): Generator<Conflict> {
  const { values } = configuration;
  const limits = configuration.section('limits');
  for (const [name, value] of Object.entries(limits)) {
    const problem = problemOf(() => limitsOf({ [name]: value }));
    if (problem !== undefined) yield { key: `limits.${name}` as SettingKey, message: problem };
  }
  for (const [name, id] of Object.entries(values.ans)) {
    const problem = problemOf(() => new NameTable(ANY_STATION, { [name]: id }));
    if (problem !== undefined) yield { key: 'ans', message: `has "${name}", which ${problem}` };
  }
  if (values['tls.cert'] !== undefined && values['tls.key'] === undefined) {
    yield { key: 'tls.cert', message: 'needs tls.key' };
  }
  if (values['tls.key'] !== undefined && values['tls.cert'] === undefined) {
    yield { key: 'tls.key', message: 'needs tls.cert' };
  }
  if (values['tls.required'] && values['tls.cert'] === undefined) {
    yield { key: 'tls.required', message: 'needs tls.cert and tls.key' };
  }
  if (values['metrics.access'] === 'token' && values['metrics.token'] === undefined) {
    yield { key: 'metrics.access', message: 'needs metrics.token' };
  }
  if (values['files.uploads'] === 'token' && values['files.uploadToken'] === undefined) {
    yield { key: 'files.uploads', message: 'needs files.uploadToken' };
  }
  for (const secret of values['files.formSecrets'] ?? []) {
    if (!/^(?:[0-9a-f]{2})+$/i.test(secret)) {
      yield { key: 'files.formSecrets', message: 'must be hexadecimal digits' };
      break;
    }
  }
}

/** Returns the error that using a value throws, without the name of the field. */
function problemOf(use: () => unknown): string | undefined {
  try {
    use();
    return undefined;
  } catch (error) {
    if (!isProtocolError(error, 'format/field')) throw error;
    return error.message.replace(/^\S+ (?:has one that )?/, '');
  }
}
