import { Facebook } from '@dimp/client';
import { importIdentity } from '@dimp/client/backup';
import { memoryStore } from '@dimp/core/memory';
import { sameEntity } from '@dimp/mkm';
import { exportPassphrase } from '../account/passphrase.ts';
import { createProfile, requireNoIdentity } from '../account/profile.ts';
import { protocol } from '../account/protocol.ts';
import { identityFacts, showIdentity } from '../account/show-identity.ts';
import { readInput } from '../terminal/files.ts';
import { type CommandDefinition, filePassphraseOption, noPassphraseOption } from './command.ts';

/** Options of `dim import`. */
interface ImportOptions {
  /** Path of the file with the passphrase of the imported file. */
  readonly filePassphrase?: string;
  /** False if the profile gets a key file instead. */
  readonly passphrase: boolean;
}

const MAX_FILE_BYTES = 300 * 1024 * 1024;

/** Reads an identity from a file into the profile, which is created if there is none yet. */
export const importCommand: CommandDefinition<ImportOptions, [path: string]> = {
  usage: 'import <file>',
  summary: 'read an identity from a file',
  description:
    'Reads an identity from a file that dim export has written. Its keys, meta and ID must belong together.',
  options: [filePassphraseOption(), noPassphraseOption()],
  examples: ['dim import moki.dim', 'dim --profile moki import moki.dim'],

  async run(context, options, path) {
    const file = await readInput(path, MAX_FILE_BYTES, context);
    const passphrase = await exportPassphrase(options.filePassphrase, false, context);
    // Imported into memory first: a file that does not open must not create a profile, and one of another identity must
    // not change a profile.
    await using trial = new Facebook({ protocol, store: memoryStore() });
    const { id } = await importIdentity(trial, file, passphrase);
    await using profile = await createProfile(context, options);
    const current = await profile.facebook.currentUser();
    if (current !== undefined && !sameEntity(current.id, id)) await requireNoIdentity(profile);
    const user = await importIdentity(profile.facebook, file, passphrase);
    showIdentity(await identityFacts(profile, user), context.output);
  },
};
