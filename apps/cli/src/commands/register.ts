import { register } from '@dimp/client';
import { checkName } from '@dimp/mkm';
import {
  identityFromMnemonic,
  type MnemonicIdentity,
  newMnemonic,
  readMnemonic,
} from '@dimp/mnemonic';
import type { Context } from '../context.ts';
import { CommandFailure, usage } from '../failure.ts';
import { readText } from '../files.ts';
import { makeProfile, type Profile } from '../profile.ts';
import { protocol } from '../protocol.ts';
import { showIdentity } from './identity.ts';

/** Options of `dim register`. */
export interface RegisterOptions {
  /** RSA if not told, ECC for words. */
  readonly algorithm?: 'RSA' | 'ECC' | 'Ed25519';
  readonly address: 'mkm' | 'btc' | 'eth';
  /** Number of words of a new mnemonic. */
  readonly words?: '12' | '24';
  /** File with the words of an identity that exists. */
  readonly wordsFrom?: string;
  /** False: no passphrase. */
  readonly passphrase: boolean;
}

/** Meta types by the addresses that they make (spec §6.1). */
const META_TYPES = { mkm: '1', btc: '2', eth: '4' } as const;
/** Longest file of words, in bytes. */
const MAX_WORDS_BYTES = 1024;

/** Makes an identity, and the profile around it. */
export async function registerCommand(
  name: string,
  options: RegisterOptions,
  context: Context,
): Promise<void> {
  checkName(name);
  const { address } = options;
  const fromWords = options.words !== undefined || options.wordsFrom !== undefined;
  const { algorithm = fromWords ? 'ECC' : 'RSA' } = options;
  if (fromWords && algorithm !== 'ECC') {
    throw usage(`keys made of words are ECC: --algorithm ${algorithm} has no words`);
  }
  if (address !== 'mkm' && algorithm !== 'ECC') {
    throw usage(`--address ${address} needs --algorithm ECC`);
  }
  const words = await wordsOf(options, context);
  await using profile = await makeProfile(context, options);
  await checkNoIdentity(profile);
  const identity: Partial<MnemonicIdentity> =
    words === undefined ? {} : await identityFromMnemonic(protocol, words);
  context.output.note('making keys …');
  const user = await register(name, {
    facebook: profile.facebook,
    algorithm,
    metaType: META_TYPES[address],
    ...identity,
  });
  await showIdentity(profile, user, context.output);
  if (options.words !== undefined) {
    context.output.note('dim export --words FILE writes the words of this identity into a file');
  }
}

/** @throws `identity/exists` for a profile that has an identity: it would be lost among several */
export async function checkNoIdentity({ facebook, name }: Profile): Promise<void> {
  const user = await facebook.currentUser();
  if (user === undefined) return;
  throw new CommandFailure(
    'identity/exists',
    `profile "${name}" has an identity already, ${user.id.text}; --profile names another profile`,
    { facts: { id: user.id.text } },
  );
}

async function wordsOf(
  { words, wordsFrom }: RegisterOptions,
  context: Context,
): Promise<string | undefined> {
  if (words !== undefined && wordsFrom !== undefined) {
    throw usage('--words makes new words, --words-from takes old ones: not both');
  }
  if (words !== undefined) return newMnemonic(words === '24' ? 24 : 12);
  if (wordsFrom === undefined) return undefined;
  return readMnemonic(await readText(wordsFrom, MAX_WORDS_BYTES, context));
}
