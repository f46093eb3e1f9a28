import { Facebook } from '@dimp/client';
import { importIdentity } from '@dimp/client/backup';
import { memoryStore } from '@dimp/core/memory';
import { sameEntity } from '@dimp/mkm';
import type { Context } from '../context.ts';
import { readInput } from '../files.ts';
import { makeProfile } from '../profile.ts';
import { protocol } from '../protocol.ts';
import { filePassphraseOf } from './export.ts';
import { showIdentity } from './identity.ts';
import { checkNoIdentity } from './register.ts';

/** Options of `dim import`. */
export interface ImportOptions {
  /** File with the passphrase of the imported file. */
  readonly filePassphrase?: string;
  /** False: no passphrase for the profile. */
  readonly passphrase: boolean;
}

/** Longest file that is imported, in bytes. */
const MAX_BYTES = 300 * 1024 * 1024;

/** Takes an identity out of a file into the profile, which may be new. */
export async function importCommand(
  path: string,
  options: ImportOptions,
  context: Context,
): Promise<void> {
  const file = await readInput(path, MAX_BYTES, context);
  const passphrase = await filePassphraseOf(options.filePassphrase, false, context);
  // First into memory: only a file that opens makes a profile, and only one of the same identity adds to one.
  await using trial = new Facebook({ protocol, store: memoryStore() });
  const { id } = await importIdentity(trial, file, passphrase);
  await using profile = await makeProfile(context, options);
  const current = await profile.facebook.currentUser();
  if (current !== undefined && !sameEntity(current.id, id)) await checkNoIdentity(profile);
  const user = await importIdentity(profile.facebook, file, passphrase);
  await showIdentity(profile, user, context.output);
}
