import { exportIdentity } from '@dimp/client/backup';
import { ProtocolError } from '@dimp/foundation';
import { exportMnemonic } from '@dimp/mnemonic';
import type { Context } from '../context.ts';
import { writeSecret } from '../files.ts';
import { passphraseFrom } from '../passphrase.ts';
import { openProfile, type Profile, userOf } from '../profile.ts';
import { oneLine } from '../text.ts';

/** Options of `dim export`. */
export interface ExportOptions {
  /** File with the passphrase of the exported file. */
  readonly filePassphrase?: string;
  /** Writes the words that the identity was made of. */
  readonly words?: boolean;
}

/** Writes the identity into a file, which nobody else may read. */
export async function exportCommand(
  path: string,
  options: ExportOptions,
  context: Context,
): Promise<void> {
  await using profile = await openProfile(context, 'read');
  const { id } = await userOf(profile);
  const content =
    options.words === true ? await wordsOf(profile) : await sealed(profile, options, context);
  await writeSecret(path, content);
  const secret = options.words === true ? 'words' : 'identity';
  context.output.result(
    'exported',
    { id: id.text, file: path, what: secret },
    `${secret === 'words' ? 'the words' : 'keys and contacts'} of ${id.text} are in ${oneLine(path)}`,
  );
}

async function sealed(
  profile: Profile,
  { filePassphrase }: ExportOptions,
  context: Context,
): Promise<Uint8Array> {
  const { id } = await userOf(profile);
  return exportIdentity(
    profile.facebook,
    id,
    await filePassphraseOf(filePassphrase, true, context),
  );
}

/** The passphrase of a file with an identity, which may be another one than that of the profile. */
export function filePassphraseOf(
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

async function wordsOf(profile: Profile): Promise<string> {
  const { id } = await userOf(profile);
  const mnemonic = await exportMnemonic(profile.facebook, id);
  if (mnemonic === undefined) {
    throw new ProtocolError('crypto/unavailable', 'this identity was not made of words');
  }
  return `${mnemonic.words}\n`;
}
