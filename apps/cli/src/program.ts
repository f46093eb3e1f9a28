import { Command, CommanderError } from 'commander';
import type { Surroundings } from './context.ts';
import { CommandFailure, usage } from './failure.ts';
import { Output } from './output.ts';
import { addCompletionCommand } from './program/completion.ts';
import { addContactCommands } from './program/contacts.ts';
import { addIdentityCommands } from './program/identity.ts';
import { addInspectCommand } from './program/inspect.ts';
import { addMessageCommands } from './program/messages.ts';
import { collecting, examples, secondsOption } from './program/options.ts';
import { Runner } from './program/runner.ts';
import { addStationCommands } from './program/station.ts';
import { oneLine } from './text.ts';
import { versionOf } from './version.ts';

/**
 * Runs the program.
 *
 * @param args - without program and script
 * @returns the exit status
 */
export async function runProgram(
  args: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  const { stdout, stderr } = surroundings;
  // Known before the arguments are parsed: wrong ones are told as JSON, too.
  const end = args.indexOf('--');
  const options = end === -1 ? args : args.slice(0, end);
  const output = new Output(stdout, stderr, {
    json: options.includes('--json'),
    quiet: options.includes('--quiet') || options.includes('-q'),
  });
  const runner = new Runner(surroundings, output);
  try {
    await makeProgram(runner, surroundings, output).parseAsync([...args], { from: 'user' });
    return runner.status;
  } catch (error) {
    // Nobody would read it.
    if (error instanceof CommandFailure && error.code === 'output-closed') return error.exit;
    if (!(error instanceof CommanderError)) return output.failure(error);
    // Help or version that somebody asked for.
    if (error.exitCode === 0) return 0;
    return output.failure(usage(messageOf(error)));
  }
}

/** All commands, with their help. */
export function makeProgram(
  runner: Runner,
  { stdout, stderr }: Pick<Surroundings, 'stdout' | 'stderr'>,
  output: Output = new Output(stdout, stderr, { json: false, quiet: false }),
): Command {
  const program = new Command('dim')
    .description('Identities, contacts and messages of DIM, decentralized instant messaging.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      // Help for want of a command; the words of errors are told by `Output`.
      writeErr: (text) => {
        if (!output.json && !text.startsWith('error:')) stderr.write(text);
      },
      outputError: () => {},
    })
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .option('-V, --version', 'show the version of the program')
    .option('--json', 'one JSON object for each line, errors too')
    .option('-q, --quiet', 'results only, no remarks')
    .option('--profile <name>', 'profile, one identity each; "default" by default')
    .option('--data <folder>', "folder of the profiles; else DIM_DATA, else the system's usual one")
    .addOption(
      collecting(
        '--station <address>',
        'station for this call: HOST:PORT or tcp, tls, ws, wss URL',
      ),
    )
    .option('--passphrase-file <file>', 'passphrase; else DIM_PASSPHRASE, else it is asked')
    .addOption(secondsOption('--wait <seconds>', 'wait for another dim that uses the profile'))
    .addHelpText(
      'after',
      `${examples(
        'dim register moki',
        'dim station add station.example.org:9394',
        'dim contacts add ID --remark hulk',
        'dim send hulk Hello world',
        'dim listen --json',
        'dim chat hulk',
      )}

Exit status: 0 done, 64 wrong arguments, 130 interrupted, others by error code: docs/guides/command-line.md`,
    );
  program.on('option:version', () => {
    const version = versionOf();
    output.result('version', { version }, version);
    throw new CommanderError(0, 'dim.version', '');
  });
  addIdentityCommands(program, runner);
  addContactCommands(program, runner);
  addMessageCommands(program, runner);
  addStationCommands(program, runner);
  addInspectCommand(program, runner);
  addCompletionCommand(program, runner);
  return program;
}

function messageOf({ code, message }: CommanderError): string {
  if (code === 'commander.help') return 'no command was given: dim help';
  return oneLine(message.replace(/^error: /, ''));
}
