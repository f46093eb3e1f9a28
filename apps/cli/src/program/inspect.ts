import { type Command, Option } from 'commander';
import { type InspectOptions, inspectCommand } from '../commands/inspect.ts';
import { collecting, examples } from './options.ts';
import type { Runner } from './runner.ts';

/** `dim inspect`. */
export function addInspectCommand(program: Command, runner: Runner): void {
  program
    .command('inspect [input]')
    .summary('explain a message, key, ID or package')
    .description(
      'Explains what is on the wire: messages in any state and spelling, contents, metas, documents, keys, IDs as JSON or text, MTP packages as bytes, hex or Base64. It tells which signatures are good, and why a peer would refuse it. Nothing is sent or kept; secrets are not shown. The input is a file, a text, or - for standard input.',
    )
    .addOption(
      collecting('--meta <file>', 'meta or card of somebody whom the profile does not know'),
    )
    .option('--open', 'decrypt what is for the identity of the profile')
    .option('--alone', 'do not look into the profile')
    .addOption(
      new Option('--now <seconds>', 'do as if it were that time').argParser(Number).hideHelp(),
    )
    .addHelpText(
      'after',
      examples(
        'dim inspect message.json',
        'dim inspect hulk@4YeVEN3aUnvC1DNUufCq1bs9zoBSJTzVEj',
        'dim inspect --meta moki.json - < message.json',
        'dim inspect "44494d2000000004 50494e47" --json',
      ),
    )
    .action(
      runner.action((context, input: string | undefined, options: InspectOptions) =>
        inspectCommand(input, options, context),
      ),
    );
}
