import { type Command, Option } from 'commander';
import { type ExportOptions, exportCommand } from '../commands/export.ts';
import { type ImportOptions, importCommand } from '../commands/import.ts';
import { type RegisterOptions, registerCommand } from '../commands/register.ts';
import { type WhoamiOptions, whoamiCommand } from '../commands/whoami.ts';
import { examples, filePassphrase, noPassphrase } from './options.ts';
import type { Runner } from './runner.ts';

/** `dim register`, `whoami`, `export`, `import`. */
export function addIdentityCommands(program: Command, runner: Runner): void {
  program
    .command('register <name>')
    .summary('make an identity')
    .description(
      'Makes an identity: new keys on this machine, an ID with your name in it. The first time it makes the profile as well and asks for a passphrase, which encrypts all of it.',
    )
    .addOption(
      new Option(
        '--algorithm <name>',
        'algorithm of the identity key; RSA by default, ECC for words',
      ).choices(['RSA', 'ECC', 'Ed25519']),
    )
    .addOption(
      new Option('--address <kind>', 'mkm: name@address; btc and eth: an address without name')
        .choices(['mkm', 'btc', 'eth'])
        .default('mkm'),
    )
    .addOption(
      new Option('--words <number>', 'make the key of new words: dim export --words').choices([
        '12',
        '24',
      ]),
    )
    .option('--words-from <file>', 'make the key of the words in a file, or - for standard input')
    .addOption(noPassphrase())
    .addHelpText(
      'after',
      examples(
        'dim register moki',
        'dim --profile work register moki --algorithm ECC --address eth --words 12',
        'dim register robot --no-passphrase --json',
      ),
    )
    .action(
      runner.action((context, name: string, options: RegisterOptions) =>
        registerCommand(name, options, context),
      ),
    );

  program
    .command('whoami')
    .summary('show your identity')
    .description('Shows the identity of the profile.')
    .option('--card', 'what others need to write to you, as JSON: dim contacts add --card FILE')
    .addHelpText('after', examples('dim whoami', 'dim whoami --card > moki.json'))
    .action(runner.action((context, options: WhoamiOptions) => whoamiCommand(options, context)));

  program
    .command('export <file>')
    .summary('write your identity into a file')
    .description(
      'Writes keys and contacts into a new file that only its passphrase opens, for another machine or as a backup.',
    )
    .addOption(filePassphrase())
    .option('--words', 'write the words it was made of instead, in the clear')
    .addHelpText('after', examples('dim export moki.dim', 'dim export --words on-paper.txt'))
    .action(
      runner.action((context, file: string, options: ExportOptions) =>
        exportCommand(file, options, context),
      ),
    );

  program
    .command('import <file>')
    .summary('take an identity out of a file')
    .description(
      'Takes an identity out of a file that dim export has written. Keys, meta and ID have to belong together.',
    )
    .addOption(filePassphrase())
    .addOption(noPassphrase())
    .addHelpText('after', examples('dim import moki.dim', 'dim --profile moki import moki.dim'))
    .action(
      runner.action((context, file: string, options: ImportOptions) =>
        importCommand(file, options, context),
      ),
    );
}
