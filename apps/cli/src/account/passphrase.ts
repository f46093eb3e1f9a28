import { ProtocolError } from '@dimp/foundation';
import type { Context } from '../terminal/context.ts';
import { usage } from '../terminal/failure.ts';
import { readText } from '../terminal/files.ts';
import { askHidden } from '../terminal/prompt.ts';

/** Longest file with a passphrase, in bytes. */
const MAX_BYTES = 4096;

/** Where one passphrase may come from, in this order: a file, the environment, whoever sits at the terminal. */
export interface PassphraseSource {
  /** What is asked on a terminal. */
  readonly question: string;
  readonly file: string | undefined;
  /** Name of a variable of the environment. */
  readonly variable: string;
  /** Option that names the file, for the error. */
  readonly option: string;
  /** Asks twice, because nobody can tell later what was meant. */
  readonly isNew: boolean;
}

/**
 * Gets a passphrase.
 *
 * @throws `crypto/passphrase` if there is none to be had; `usage` for an empty one, or two that differ
 */
export async function passphraseFrom(source: PassphraseSource, context: Context): Promise<string> {
  const { file, variable, option, question, isNew } = source;
  const { env, stdin, stderr } = context;
  if (file !== undefined) return notEmpty(await readText(file, MAX_BYTES, context));
  const given = env[variable];
  if (given !== undefined && given !== '') return given;
  if (stdin.isTTY !== true || stderr.isTTY !== true) {
    throw new ProtocolError(
      'crypto/passphrase',
      `a passphrase is needed: from a terminal, ${option} or ${variable}`,
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
  if (passphrase === '') throw usage('a passphrase must not be empty');
  return passphrase;
}
