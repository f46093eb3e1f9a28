import { register } from '@dimp/client';
import { checkName } from '@dimp/mkm';
import {
  identityFromMnemonic,
  type MnemonicIdentity,
  newMnemonic,
  readMnemonic,
} from '@dimp/mnemonic';
import { createProfile, requireNoIdentity } from '../account/profile.ts';
import { protocol } from '../account/protocol.ts';
import { identityFacts, showIdentity } from '../account/show-identity.ts';
import type { Surroundings } from '../terminal/context.ts';
import { usage } from '../terminal/failure.ts';
import { readText } from '../terminal/files.ts';
import { type CommandDefinition, noPassphraseOption, option } from './command.ts';

/** Options of `dim register`. */
interface RegisterOptions {
  /** `RSA` by default, `ECC` for words. */
  readonly algorithm?: 'RSA' | 'ECC' | 'Ed25519';
  readonly address: 'mkm' | 'btc' | 'eth';
  /** Number of words of a new mnemonic. */
  readonly words?: '12' | '24';
  /** Path of a file with the words of an existing identity. */
  readonly wordsFrom?: string;
  /** False if the profile gets a key file instead. */
  readonly passphrase: boolean;
}

/** Meta types by the kind of address that they produce (spec §6.1). */
const META_TYPES = { mkm: '1', btc: '2', eth: '4' } as const;
const MAX_WORDS_FILE_BYTES = 1024;

/** Creates an identity, and its profile if there is none yet. */
export const registerCommand: CommandDefinition<RegisterOptions, [name: string]> = {
  usage: 'register <name>',
  summary: 'create an identity',
  description:
    'Creates an identity: new keys on this machine, and an ID that contains your name. The first call also creates the profile and asks for a passphrase, which encrypts everything in it.',
  options: [
    option(
      '--algorithm <name>',
      'algorithm of the identity key; RSA by default, ECC for words',
    ).choices(['RSA', 'ECC', 'Ed25519']),
    option('--address <kind>', 'mkm: name@address; btc and eth: an address without name')
      .choices(['mkm', 'btc', 'eth'])
      .default('mkm'),
    option('--words <number>', 'derive the key from new words: dim export --words').choices([
      '12',
      '24',
    ]),
    option(
      '--words-from <file>',
      'derive the key from the words in a file, or - for standard input',
    ),
    noPassphraseOption(),
  ],
  examples: [
    'dim register moki',
    'dim --profile work register moki --algorithm ECC --address eth --words 12',
    'dim register robot --no-passphrase --json',
  ],

  async run(context, options, name) {
    checkName(name);
    const { address } = options;
    const fromWords = options.words !== undefined || options.wordsFrom !== undefined;
    const { algorithm = fromWords ? 'ECC' : 'RSA' } = options;
    if (fromWords && algorithm !== 'ECC') {
      throw usage(`keys derived from words are ECC: --algorithm ${algorithm} has no words`);
    }
    if (address !== 'mkm' && algorithm !== 'ECC') {
      throw usage(`--address ${address} needs --algorithm ECC`);
    }
    const words = await wordsOf(options, context);
    await using profile = await createProfile(context, options);
    await requireNoIdentity(profile);
    const identity: Partial<MnemonicIdentity> =
      words === undefined ? {} : await identityFromMnemonic(protocol, words);
    context.output.note('generating keys …');
    const user = await register(name, {
      facebook: profile.facebook,
      algorithm,
      metaType: META_TYPES[address],
      ...identity,
    });
    showIdentity(await identityFacts(profile, user), context.output);
    if (options.words !== undefined) {
      context.output.note('dim export --words FILE writes the words of this identity to a file');
    }
  },
};

async function wordsOf(
  { words, wordsFrom }: RegisterOptions,
  surroundings: Surroundings,
): Promise<string | undefined> {
  if (words !== undefined && wordsFrom !== undefined) {
    throw usage('--words creates new words and --words-from reads existing ones: use one of them');
  }
  if (words !== undefined) return newMnemonic(words === '24' ? 24 : 12);
  if (wordsFrom === undefined) return undefined;
  return readMnemonic(await readText(wordsFrom, MAX_WORDS_FILE_BYTES, surroundings));
}
