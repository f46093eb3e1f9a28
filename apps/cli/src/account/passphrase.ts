import { ProtocolError } from '@dimp/foundation';
import type { Context } from '../terminal/context.ts';
import { usage } from '../terminal/failure.ts';
import { readText } from '../terminal/files.ts';
import { askHidden } from '../terminal/prompt.ts';

const MAX_PASSPHRASE_FILE_BYTES = 4096;

/** Sources of a passphrase, in this order: a file, an environment variable, a question on the terminal. */
export interface PassphraseSource {
  /** Question on the terminal. */
  readonly question: string;
  readonly file: string | undefined;
  /** Name of the environment variable. */
  readonly variable: string;
  /** Option that names the file, for the error message. */
  readonly option: string;
  /** Asks twice, because a typing error in a new passphrase cannot be corrected later. */
  readonly isNew: boolean;
}

/**
 * Gets a passphrase.
 *
 * @throws `crypto/passphrase` if no source has one; `usage` for an empty one, or for two that differ
 */
export async function passphraseFrom(source: PassphraseSource, context: Context): Promise<string> {
  const { file, variable, option, question, isNew } = source;
  const { env, stdin, stderr } = context;
  if (file !== undefined) return notEmpty(await readText(file, MAX_PASSPHRASE_FILE_BYTES, context));
  const given = env[variable];
  if (given !== undefined && given !== '') return given;
  if (stdin.isTTY !== true || stderr.isTTY !== true) {
    throw new ProtocolError(
      'crypto/passphrase',
      `a passphrase is needed: use a terminal, ${option} or ${variable}`,
    );
  }
  const first = notEmpty(await askHidden(`${question}: `, context));
  if (isNew && (await askHidden(`${question}, again: `, context)) !== first) {
    throw usage('the two passphrases differ');
  }
  return first;
}

/** The passphrase of an exported identity; not that of the profile. @param isNew - whether the file is being written */
export function exportPassphrase(
  file: string | undefined,
  isNew: boolean,
  context: Context,
): Promise<string> {
  return passphraseFrom(
    {
      question: isNew ? 'New passphrase of the file' : 'Passphrase of the file',
      file,
      variable: 'DIM_FILE_PASSPHRASE',
      option: '--file-passphrase',
      isNew,
    },
    context,
  );
}

function notEmpty(passphrase: string): string {
  if (passphrase === '') throw usage('the passphrase must not be empty');
  return passphrase;
}
