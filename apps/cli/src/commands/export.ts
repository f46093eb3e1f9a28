import { exportIdentity } from '@dimp/client/backup';
import { ProtocolError } from '@dimp/foundation';
import { exportMnemonic } from '@dimp/mnemonic';
import { exportPassphrase } from '../account/passphrase.ts';
import { openProfile, type Profile, userOf } from '../account/profile.ts';
import type { Context } from '../terminal/context.ts';
import { writeSecret } from '../terminal/files.ts';
import { oneLine } from '../terminal/text.ts';
import { type CommandDefinition, filePassphraseOption, option } from './command.ts';

/** Options of `dim export`. */
interface ExportOptions {
  /** Path of the file with the passphrase of the exported file. */
  readonly filePassphrase?: string;
  /** Writes the words that the identity was derived from. */
  readonly words?: boolean;
}

/** Writes the identity to a new file that only the user can read. */
export const exportCommand: CommandDefinition<ExportOptions, [path: string]> = {
  usage: 'export <file>',
  summary: 'write your identity to a file',
  description:
    'Writes keys and contacts to a new file, encrypted with a passphrase: for another machine, or as a backup.',
  options: [
    filePassphraseOption(),
    option('--words', 'write the words that the identity was derived from, unencrypted'),
  ],
  examples: ['dim export moki.dim', 'dim export --words on-paper.txt'],

  async run(context, options, path) {
    await using profile = await openProfile(context, 'read');
    const { id } = await userOf(profile);
    const content =
      options.words === true ? await wordsOf(profile) : await sealed(profile, options, context);
    await writeSecret(path, content);
    const what = options.words === true ? 'words' : 'identity';
    context.output.result(
      'exported',
      { id: id.text, file: path, what },
      `${what === 'words' ? 'the words' : 'keys and contacts'} of ${id.text} are in ${oneLine(path)}`,
    );
  },
};

async function sealed(
  profile: Profile,
  { filePassphrase }: ExportOptions,
  context: Context,
): Promise<Uint8Array> {
  const { id } = await userOf(profile);
  return exportIdentity(
    profile.facebook,
    id,
    await exportPassphrase(filePassphrase, true, context),
  );
}

async function wordsOf(profile: Profile): Promise<string> {
  const { id } = await userOf(profile);
  const mnemonic = await exportMnemonic(profile.facebook, id);
  if (mnemonic === undefined) {
    throw new ProtocolError('crypto/unavailable', 'this identity was not derived from words');
  }
  return `${mnemonic.words}\n`;
}
